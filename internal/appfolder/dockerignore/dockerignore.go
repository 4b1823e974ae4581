// Package dockerignore reads an app's .dockerignore, by Docker's rules, and
// removes the files that it names. project.toml overrides it.
package dockerignore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// Name is the file's name, in the app's root.
const Name = ".dockerignore"

// Variable is the setting that switches it off.
const Variable = "BP_USE_DOCKERIGNORE"

// InvalidID is the id of the [failure.Failure] for a file that cannot be read.
const InvalidID = "dockerignore-invalid"

// NeededID is the id of the [failure.Failure] for one that excludes a file that
// the build needs.
const NeededID = "dockerignore-leaves-out-needed"

// maxBytes is the size limit.
const maxBytes = 1 << 20

// File is a parsed .dockerignore. A nil File excludes nothing.
type File struct {
	patterns []pattern
	matcher  *patternmatcher.PatternMatcher
	lists    lists // from project.toml
}

type pattern struct {
	text   string // in the matcher's form
	line   int
	source string // as written
}

// Read reads an app's file. It returns nil if there is none, if the setting is
// false, or if project.toml has include.
func Read(app string, getenv settings.Getenv) (*File, error) {
	wanted, err := settings.Bool(getenv, Variable, true)
	if err != nil || !wanted {
		return nil, err
	}
	root, err := os.OpenRoot(app)
	if err != nil {
		return nil, fmt.Errorf("opening the app's folder: %w", err)
	}
	defer root.Close()
	text, err := readFile(root, Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, invalid(Name, err)
	}
	lists := readLists(root)
	if lists.includes {
		return nil, nil
	}
	f := &File{lists: lists}
	return f, f.parse(text)
}

func readFile(root *os.Root, name string) (string, error) {
	raw, err := regular.Read(root, name, maxBytes)
	if err != nil {
		return "", err
	}
	text, err := textfile.Decode(raw)
	if err == nil && bytes.IndexByte(text, 0) >= 0 {
		err = errors.New("the text has bytes that are 0, as UTF-16 without a byte order mark has; want UTF-8")
	}
	return string(text), err
}

// parse reads line by line: every rule is one line, and errors need its number.
func (f *File) parse(text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		found, err := ignorefile.ReadAll(strings.NewReader(line))
		where := fmt.Sprintf("%s, line %d", Name, number)
		if err != nil {
			return invalid(where, err)
		}
		for _, one := range found {
			if err := check(one); err != nil {
				return invalid(where, fmt.Errorf("%q: %w", strings.TrimSpace(line), err))
			}
			f.patterns = append(f.patterns, pattern{one, number, strings.TrimSpace(line)})
		}
	}
	var err error
	if f.matcher, err = patternmatcher.New(texts(f.patterns)); err != nil {
		return invalid(Name, err)
	}
	return nil
}

// check returns the error of an invalid pattern. A matcher compiles a pattern with
// its first use, and one with ! only for a path that another pattern matches.
func check(pattern string) error {
	if _, err := patternmatcher.New([]string{pattern}); err != nil {
		return err
	}
	matcher, err := patternmatcher.New([]string{strings.TrimPrefix(pattern, "!")})
	if err == nil {
		_, err = matcher.MatchesOrParentMatches("x")
	}
	return err
}

func texts(patterns []pattern) []string {
	var all []string
	for _, one := range patterns {
		all = append(all, one.text)
	}
	return all
}

func invalid(where string, err error) error {
	return &failure.Failure{
		ID: InvalidID, Cause: "reading " + where, Err: err,
		Remedy: fmt.Sprintf("mend it: Docker cannot read it either. %s=false lets the build do without the file.", Variable),
	}
}

// LeavesOut reports whether a file or folder of the app, a path with slashes,
// is left out.
func (f *File) LeavesOut(place string) bool {
	if f == nil || f.lists.keeps(place) {
		return false
	}
	matched, err := f.matcher.MatchesOrParentMatches(path.Clean(place))
	return err == nil && matched
}

// decides returns the line that excludes a path: the last one that matches.
func (f *File) decides(place string) pattern {
	var last pattern
	for _, one := range f.patterns {
		matcher, err := patternmatcher.New([]string{one.text})
		if err != nil || matcher.Exclusions() {
			continue
		}
		if matched, _ := matcher.MatchesOrParentMatches(path.Clean(place)); matched {
			last = one
		}
	}
	return last
}

// Needed returns a [failure.Failure] with [NeededID] for the first of the
// files, all needed by the build, that is excluded.
func (f *File) Needed(places ...string) error {
	for _, place := range places {
		if !f.LeavesOut(place) {
			continue
		}
		line := f.decides(place)
		return &failure.Failure{
			ID:    NeededID,
			Cause: fmt.Sprintf("%s leaves out %s, which the build needs: line %d is %q", Name, place, line.line, line.source),
			Remedy: fmt.Sprintf("write a line !%s at the end of it, or set %s=false: then the file has no say in the build.",
				place, Variable),
		}
	}
	return nil
}

// Remove removes excluded files from the app, and returns their paths; for a
// folder that it removed entirely, only the folder's. It keeps paths that spare
// reports true for, and their content.
func (f *File) Remove(app string, spare func(place string) bool) ([]string, error) {
	return f.search(remover{app: app, spare: spare, remove: appfolder.RemoveAll})
}

// Removes returns what [File.Remove] would remove.
func (f *File) Removes(app string, spare func(place string) bool) ([]string, error) {
	return f.search(remover{app: app, spare: spare, remove: func(string) error { return nil }})
}

func (f *File) search(r remover) ([]string, error) {
	if f == nil || len(f.patterns) == 0 {
		return nil, nil
	}
	r.File = f
	_, err := r.folder("", patternmatcher.MatchInfo{})
	return r.removed, err
}

type remover struct {
	*File
	app     string
	spare   func(place string) bool
	remove  func(path string) error
	removed []string
}

// folder removes the excluded files in a folder, and reports whether the folder
// is empty.
func (r *remover) folder(dir string, above patternmatcher.MatchInfo) (empty bool, err error) {
	entries, err := os.ReadDir(filepath.Join(r.app, dir))
	if err != nil {
		return false, fmt.Errorf("leaving out what %s names: %w", Name, err)
	}
	left := 0
	for _, entry := range entries {
		gone, err := r.entry(path.Join(dir, entry.Name()), entry.IsDir(), above)
		if err != nil {
			return false, err
		}
		if !gone {
			left++
		}
	}
	return left == 0, nil
}

func (r *remover) entry(place string, isDir bool, above patternmatcher.MatchInfo) (gone bool, err error) {
	if r.spare(place) {
		return false, nil
	}
	matched, info, err := r.matcher.MatchesUsingParentResults(place, above)
	if err != nil {
		return false, fmt.Errorf("leaving out what %s names: %w", Name, err)
	}
	before := len(r.removed)
	if isDir && (!matched || r.exceptions()) { // its content may be excluded, or kept
		empty, err := r.folder(place, info)
		if err != nil || !matched || !empty {
			return false, err
		}
	}
	if !matched || r.lists.keeps(place) {
		return false, nil
	}
	if err := r.remove(filepath.Join(r.app, place)); err != nil {
		return false, fmt.Errorf("leaving out what %s names: %w", Name, err)
	}
	if isDir {
		r.removed = r.removed[:before] // the folder's path covers them
	}
	r.removed = append(r.removed, place)
	return true, nil
}

// exceptions reports whether an excluded folder may have content to keep.
func (r *remover) exceptions() bool { return r.matcher.Exclusions() || len(r.lists.except) > 0 }
