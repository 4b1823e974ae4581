// Package npmlock parses npm's package-lock.json and npm-shrinkwrap.json, lockfile
// versions 1 to 3, into a [deps.Graph]. It reads no environment and writes nothing.
package npmlock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// Names of the two files in the project's folder. If both exist, npm reads the
// shrinkwrap.
const (
	Shrinkwrap  = "npm-shrinkwrap.json"
	PackageLock = "package-lock.json"
)

// InvalidID is the id of the [failure.Failure] for an invalid file.
const InvalidID = "lockfile-invalid"

// Lock is a parsed lockfile. Version 1 is sparse: for the project it has only name
// and version.
type Lock = deps.Graph

// Read returns the lockfile in dir. Found is false if there is none. An unreadable
// or invalid one is a [failure.Failure] with [InvalidID].
func Read(dir string) (lock Lock, found bool, err error) {
	for _, name := range []string{Shrinkwrap, PackageLock} {
		file := filepath.Join(dir, name)
		text, err := regular.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Lock{}, false, invalid(name, fmt.Sprintf("%s cannot be read", file), err)
		}
		lock, err := Parse(text)
		if err != nil {
			return Lock{}, false, invalid(name, fmt.Sprintf("%s cannot be decoded", file), err)
		}
		lock.File = name
		return lock, true, nil
	}
	return Lock{}, false, nil
}

func invalid(name, cause string, err error) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  cause,
		Remedy: fmt.Sprintf("make it anew: delete %s, run `npm install` and commit what it writes. A merge conflict inside it is mended by `npm install` too.", name),
		Err:    err,
	}
}

// Parse decodes a lockfile. File of the result is empty.
func Parse(text []byte) (Lock, error) {
	if textfile.IsUTF16(text) {
		return Lock{}, errors.New("the text is UTF-16, which npm does not read, want UTF-8")
	}
	text, err := textfile.Decode(text)
	if err != nil {
		return Lock{}, err
	}
	var raw rawLock
	if err := json.Unmarshal(text, &raw); err != nil {
		return Lock{}, err
	}
	if raw.Version < 1 || raw.Version > 3 {
		return Lock{}, fmt.Errorf("lockfileVersion is %d, want 1, 2 or 3", raw.Version)
	}
	lock := Lock{Version: raw.Version, Sparse: raw.Version == 1, Root: deps.Package{Name: raw.Name, Version: raw.PackageVersion}}
	for place, entry := range raw.Packages {
		if place == "" {
			lock.Root = entry.pkg("")
			continue
		}
		lock.Packages = append(lock.Packages, entry.pkg(place))
	}
	if raw.Packages == nil {
		lock.Packages = flatten("", raw.Dependencies)
	}
	slices.SortFunc(lock.Packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
	findSources(&lock)
	return lock, nil
}

type rawLock struct {
	Name           string                   `json:"name"`
	PackageVersion string                   `json:"version"`
	Version        int                      `json:"lockfileVersion"`
	Packages       map[string]rawPackage    `json:"packages"`     // versions 2 and 3
	Dependencies   map[string]rawDependency `json:"dependencies"` // versions 1 and 2
}

type rawPackage struct {
	Name             string            `json:"name"`
	Version          string            `json:"version"`
	Resolved         string            `json:"resolved"`
	Integrity        string            `json:"integrity"`
	License          text              `json:"license"`
	Link             bool              `json:"link"`
	Dev              bool              `json:"dev"`
	Optional         bool              `json:"optional"`
	DevOptional      bool              `json:"devOptional"`
	Peer             bool              `json:"peer"`
	InBundle         bool              `json:"inBundle"`
	HasInstallScript bool              `json:"hasInstallScript"`
	OS               list              `json:"os"`
	CPU              list              `json:"cpu"`
	Libc             list              `json:"libc"`
	Engines          ranges            `json:"engines"`
	Dependencies     map[string]string `json:"dependencies"`
	OptionalDeps     map[string]string `json:"optionalDependencies"`
	DevDeps          map[string]string `json:"devDependencies"`
	PeerDeps         map[string]string `json:"peerDependencies"`
	Commands         ranges            `json:"bin"`
	PeersMeta        map[string]struct {
		Optional bool `json:"optional"`
	} `json:"peerDependenciesMeta"`
}

func (r rawPackage) pkg(place string) deps.Package {
	name := r.Name
	if name == "" {
		name = nameIn(place)
	}
	maps.DeleteFunc(r.PeerDeps, func(peer, _ string) bool { return r.PeersMeta[peer].Optional })
	to := ""
	if r.Link {
		to, r.Resolved = path.Clean(r.Resolved), ""
	}
	return deps.Package{
		Path: place, Name: name, Version: r.Version, To: to, Resolved: r.Resolved, Integrity: r.Integrity,
		License: string(r.License), Link: r.Link, Dev: r.Dev, Optional: r.Optional,
		DevOptional: r.DevOptional, Peer: r.Peer, InBundle: r.InBundle, HasInstallScript: r.HasInstallScript,
		OS: r.OS, CPU: r.CPU, Libc: r.Libc, Engines: r.Engines,
		Dependencies: r.Dependencies, OptionalDeps: r.OptionalDeps, DevDeps: r.DevDeps, PeerDeps: r.PeerDeps,
		Commands: slices.Sorted(maps.Keys(r.Commands)),
	}
}

// nameIn returns the package's name in its path: the part after the last
// node_modules/, or a workspace's folder name.
func nameIn(place string) string {
	const marker = "node_modules/"
	if i := strings.LastIndex(place, marker); i >= 0 {
		return place[i+len(marker):]
	}
	return path.Base(place)
}

type rawDependency struct {
	Version      string                   `json:"version"`
	Resolved     string                   `json:"resolved"`
	Integrity    string                   `json:"integrity"`
	Dev          bool                     `json:"dev"`
	Optional     bool                     `json:"optional"`
	Bundled      bool                     `json:"bundled"`
	Requires     requires                 `json:"requires"`
	Dependencies map[string]rawDependency `json:"dependencies"`
}

// flatten turns the tree of version 1 into paths.
func flatten(above string, tree map[string]rawDependency) []deps.Package {
	var all []deps.Package
	for name, d := range tree {
		place := path.Join(above, "node_modules", name)
		p := deps.Package{
			Path: place, Name: name, Version: d.Version, Resolved: d.Resolved, Integrity: d.Integrity,
			Dev: d.Dev, Optional: d.Optional, InBundle: d.Bundled, Dependencies: d.Requires,
		}
		if target, ok := strings.CutPrefix(d.Version, "file:"); ok && !isArchive(target) {
			p.Link, p.To, p.Version = true, path.Clean(target), ""
		}
		if alias, ok := strings.CutPrefix(d.Version, "npm:"); ok {
			at := strings.LastIndex(alias, "@")
			p.Name, p.Version = alias[:max(at, 0)], alias[at+1:]
		}
		all = append(all, p)
		all = append(all, flatten(place, d.Dependencies)...)
	}
	return all
}

func isArchive(name string) bool {
	return strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tar")
}

// text decodes a string, and anything else as "": a license may be an object in old
// packages.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
		return nil
	}
	var object struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &object) == nil {
		*t = text(object.Type)
	}
	return nil
}

// list decodes a list of strings, or a single string.
type list []string

func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// ranges decodes an object of strings, and a list as empty: very old packages have
// lists in engines.
type ranges map[string]string

func (r *ranges) UnmarshalJSON(raw []byte) error {
	var object map[string]string
	if json.Unmarshal(raw, &object) == nil {
		*r = object
	}
	return nil
}

// requires decodes an object of ranges; version 1 also has true at its top level.
type requires map[string]string

func (r *requires) UnmarshalJSON(raw []byte) error { return (*ranges)(r).UnmarshalJSON(raw) }
