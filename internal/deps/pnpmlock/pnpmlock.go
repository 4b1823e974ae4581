// Package pnpmlock parses pnpm's pnpm-lock.yaml, lockfile versions 5.3 to 9, into a
// [deps.Graph] with the folders of pnpm's virtual store. It reads no environment and
// writes nothing.
package pnpmlock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// FileName is the name of the lockfile in the folder of the project, or of the root
// of its workspaces.
const FileName = "pnpm-lock.yaml"

// InvalidID is the id of the [failure.Failure] for an invalid file.
const InvalidID = "lockfile-invalid"

// StoreDir is the virtual store's folder in node_modules.
const StoreDir = ".pnpm"

// Read returns the lockfile in dir, with the folders that a release line of pnpm
// makes ("10" is 10). Found is false if there is none. An unreadable or invalid one
// is a [failure.Failure] with [InvalidID].
func Read(dir string, line int) (lock deps.Graph, found bool, err error) {
	file := filepath.Join(dir, FileName)
	text, err := regular.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return deps.Graph{}, false, nil
	}
	if err != nil {
		return deps.Graph{}, false, invalid(file+" cannot be read", err)
	}
	if number := conflict(text); number > 0 {
		return deps.Graph{}, false, &failure.Failure{
			ID:     InvalidID,
			Cause:  fmt.Sprintf("%s has a merge conflict, at line %d; pnpm would take both sides without a word", file, number),
			Remedy: "run `pnpm install` in the project's folder, which merges the two sides, look at what it has chosen, and commit the lockfile.",
		}
	}
	lock, err = Parse(text, line)
	if err != nil {
		return deps.Graph{}, false, invalid(file+" cannot be decoded", err)
	}
	lock.File = FileName
	return lock, true, nil
}

func invalid(cause string, err error) error {
	return &failure.Failure{
		ID: InvalidID, Cause: cause, Err: err,
		Remedy: "make it anew: delete " + FileName + ", run `pnpm install --lockfile-only` and commit what it writes.",
	}
}

// conflict returns the number of the line with git's marker of a conflict, from 1;
// 0 without one.
func conflict(text []byte) int {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
			return number
		}
	}
	return 0
}

// Parse decodes a lockfile. File of the result is empty.
func Parse(text []byte, line int) (deps.Graph, error) {
	raw, err := decode(text)
	if err != nil {
		return deps.Graph{}, err
	}
	f, err := formatOf(raw.Version)
	if err != nil {
		return deps.Graph{}, err
	}
	if len(raw.Importers) == 0 {
		raw.Importers = map[string]rawImporter{".": raw.rawImporter}
	}
	r := reader{format: f, line: line, raw: raw, importers: map[string]bool{}}
	graph, err := deps.Store(StoreDir, r.readImporters(), r.readPackages())
	graph.Version = int(f)
	return graph, err
}

// decode returns the last document: pnpm 11 and later may put one about pnpm itself
// before it.
func decode(text []byte) (raw rawLock, err error) {
	if text, err = textfile.Decode(text); err != nil {
		return raw, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for documents := 0; ; documents++ {
		var one rawLock
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) && documents > 0 {
			return raw, nil
		}
		if errors.Is(err, io.EOF) {
			return raw, errors.New("it is empty")
		}
		if err != nil {
			return raw, err
		}
		raw = one
	}
}

// format is the major version of a lockfile's format.
type format int

// The formats. They differ in the keys of packages: "/name/1.0.0_peers",
// "/name@1.0.0(peer@2.0.0)" and "name@1.0.0(peer@2.0.0)".
const (
	format5 format = 5
	format6 format = 6
	format9 format = 9
)

func formatOf(version string) (format, error) {
	major, _, _ := strings.Cut(version, ".")
	switch major {
	case "5":
		return format5, nil
	case "6":
		return format6, nil
	case "9":
		return format9, nil
	}
	return 0, fmt.Errorf("lockfileVersion is %q, want 5.x, 6.x or 9.0", version)
}

// reader turns a decoded lockfile into importers and packages.
type reader struct {
	format    format
	line      int // release line of pnpm
	raw       rawLock
	importers map[string]bool // folders
}

func (r *reader) readImporters() (all []deps.Importer) {
	var linked []string
	for key, raw := range r.raw.Importers {
		folder := path.Clean(key)
		if folder == "." {
			folder = ""
		}
		needs := map[string]deps.Need{}
		for kind, list := range map[deps.NeedKind]map[string]reference{deps.Dev: raw.DevDependencies, deps.Optional: raw.OptionalDependencies, deps.Required: raw.Dependencies} {
			for name, ref := range list {
				if ref.Specifier == "" {
					ref.Specifier = raw.Specifiers[name]
				}
				need := r.need(kind, folder, name, ref)
				if need.IsFolder {
					linked = append(linked, need.Folder)
				}
				needs[name] = need
			}
		}
		r.importers[folder] = true
		all = append(all, deps.Importer{Package: deps.Package{Path: folder}, Needs: needs})
	}
	for _, folder := range linked { // link: to a folder that is no workspace
		if !r.importers[folder] {
			r.importers[folder] = true
			all = append(all, deps.Importer{Package: deps.Package{Path: folder}})
		}
	}
	return all
}

// need returns what a reference in a folder means.
func (r *reader) need(kind deps.NeedKind, folder, name string, ref reference) deps.Need {
	need := deps.Need{Kind: kind, Range: ref.Specifier}
	if need.Range == "" {
		need.Range = ref.Version
	}
	if to, ok := strings.CutPrefix(ref.Version, "link:"); ok {
		if need.IsFolder, need.Folder = true, path.Join(folder, to); need.Folder == "." {
			need.Folder = ""
		}
		return need
	}
	need.Key = r.key(name, ref.Version)
	return need
}
