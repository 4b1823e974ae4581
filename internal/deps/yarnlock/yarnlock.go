// Package yarnlock parses yarn.lock, of Yarn 1 in its own syntax and of Yarn 2 to 4
// in YAML, and makes a [deps.Graph] of it and of the project's package.json files.
// It reads no environment and writes nothing.
package yarnlock

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// FileName is the name of the file in the folder of the project, or of the root of
// its workspaces.
const FileName = "yarn.lock"

// Lock is the content of a yarn.lock.
type Lock struct {
	Version  int    // 1 for Yarn 1; else __metadata.version: 4 of Yarn 2, 5 and 6 of Yarn 3, 8 to 10 of Yarn 4
	CacheKey string // of the archives in the cache of Yarn 2 and later: "10c0"
	Entries  []Entry

	byDescriptor map[string]int
	byName       map[string][]int // in the order of the file
}

// Classic reports whether Yarn 1 wrote the lockfile.
func (l Lock) Classic() bool { return l.Version == 1 }

// Entry is a package, or for Yarn 2 and later also a workspace, with the ranges that
// it is the result for.
type Entry struct {
	Descriptors  []string // "a@^1.0.0"; of Yarn 2 and later "a@npm:^1.0.0"
	Name         string   // under which others depend on it
	Version      string
	Resolved     string            // Yarn 1: the address, with a SHA-1 digest as its fragment; empty for folders
	Resolution   string            // Yarn 2 and later: the locator, "a@npm:1.0.0", "a@workspace:packages/a"
	Integrity    string            // Yarn 1: subresource integrity
	Checksum     string            // Yarn 2 and later: of the archive in Yarn's cache, "10c0/" and SHA-512 in hexadecimal
	Dependencies map[string]string // ranges by name; with the optional ones, and in workspaces with devDependencies
	Optional     map[string]bool   // names of the optional ones among them
	OS, CPU      []string          // as in [deps.Package]; unknown in Yarn 1's format
	Libc         []string
}

// Workspace returns the folder of a workspace, "." for the root.
func (e Entry) Workspace() (folder string, ok bool) {
	_, reference := splitDescriptor(e.Resolution)
	return strings.CutPrefix(reference, "workspace:")
}

// InvalidID is the id of the [failure.Failure] for an invalid file.
const InvalidID = npmlock.InvalidID

// newest are the newest formats that this package reads.
const (
	newestClassic = 1
	newestBerry   = 10
)

// ReadLock returns the lockfile in dir. Found is false if there is none. An
// unreadable or invalid one is a [failure.Failure] with [InvalidID].
func ReadLock(dir string) (lock Lock, found bool, err error) {
	file := filepath.Join(dir, FileName)
	text, err := regular.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{}, false, nil
	}
	if err != nil {
		return Lock{}, false, invalid(fmt.Sprintf("%s cannot be read", file), err)
	}
	if lock, err = Parse(text); err != nil {
		return Lock{}, false, invalid(fmt.Sprintf("%s cannot be decoded", file), err)
	}
	return lock, true, nil
}

func invalid(cause string, err error) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  cause,
		Remedy: fmt.Sprintf("run `yarn install` in the project's folder, which also mends a merge conflict inside it, and commit the %s that it writes.", FileName),
		Err:    err,
	}
}

// conflict matches a marker that git leaves in a file.
var conflict = regexp.MustCompile(`(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$`)

// metadata matches the first entry of the format of Yarn 2 and later.
var metadata = regexp.MustCompile(`(?m)^['"]?__metadata['"]?:`)

// Parse decodes a lockfile. Markers of a merge conflict, and a newer format than
// this package knows, are errors.
func Parse(text []byte) (Lock, error) {
	text, err := textfile.Decode(text)
	if err != nil {
		return Lock{}, err
	}
	if at := conflict.FindIndex(text); at != nil {
		return Lock{}, fmt.Errorf("line %d is the marker of a merge conflict: %q", 1+strings.Count(string(text[:at[0]]), "\n"), text[at[0]:at[1]])
	}
	var lock Lock
	if metadata.Match(text) {
		lock, err = parseBerry(text)
	} else {
		lock, err = parseClassic(text)
	}
	if err != nil {
		return Lock{}, err
	}
	lock.index()
	return lock, nil
}

func (l *Lock) index() {
	l.byDescriptor, l.byName = map[string]int{}, map[string][]int{}
	for i, entry := range l.Entries {
		for _, descriptor := range entry.Descriptors {
			l.byDescriptor[unbound(descriptor)] = i
		}
		l.byName[entry.Name] = append(l.byName[entry.Name], i)
	}
}

// unbound removes the part of a descriptor that says for whom it is: in
// "a@file:./a::locator=root%40workspace%3A." all from "::".
func unbound(descriptor string) string {
	descriptor, _, _ = strings.Cut(descriptor, "::")
	return descriptor
}

// Find returns the entry for a range of package.json, or of another entry. Found is
// false if the lockfile does not know the range.
func (l Lock) Find(name, wanted string) (Entry, bool) {
	for _, descriptor := range []string{name + "@" + wanted, name + "@npm:" + wanted} {
		if i, ok := l.byDescriptor[unbound(descriptor)]; ok {
			return l.Entries[i], true
		}
	}
	return Entry{}, false
}

// named returns the only package with a name, if there is only one.
func (l Lock) named(name string) (Entry, bool) {
	found := slices.DeleteFunc(slices.Clone(l.byName[name]), func(i int) bool {
		_, isWorkspace := l.Entries[i].Workspace()
		return isWorkspace
	})
	if len(found) != 1 {
		return Entry{}, false
	}
	return l.Entries[found[0]], true
}

// splitDescriptor splits "@scope/a@npm:^1.0.0" into the name and the range.
func splitDescriptor(descriptor string) (name, wanted string) {
	at := strings.Index(descriptor[min(1, len(descriptor)):], "@")
	if at < 0 {
		return descriptor, ""
	}
	return descriptor[:at+1], descriptor[at+2:]
}
