// Package npmlock reads npm's package-lock.json and npm-shrinkwrap.json,
// lockfile versions 1 to 3, into a value. It reads no environment and writes
// nothing.
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
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// Names of the two files in the project's folder. Where both are there, npm
// reads the shrinkwrap.
const (
	Shrinkwrap  = "npm-shrinkwrap.json"
	PackageLock = "package-lock.json"
)

// InvalidID is the id of the [failure.Failure] for a file that cannot be
// decoded.
const InvalidID = "lockfile-invalid"

// Lock is what a lockfile says.
type Lock struct {
	File     string    // PackageLock or Shrinkwrap
	Version  int       // lockfileVersion: 1, 2 or 3
	Root     Package   // the project itself, Path ""; empty in version 1 but for name and version
	Packages []Package // all others, sorted by Path
}

// Package is one entry. Version 1 of the format knows no OS, CPU, Libc,
// License and Link.
type Package struct {
	Path             string // where it stands, with slashes: "node_modules/a/node_modules/b", or of a workspace "packages/a"
	Name             string // "b", "@scope/b"; the name in the registry where that differs from the folder's (an alias)
	Version          string // "1.2.3"; empty for links
	Resolved         string // an address, or of a link the folder that it leads to, relative to the lockfile
	Integrity        string // subresource integrity, "sha512-…" in base64, or several with a space between
	License          string
	Link             bool // a symbolic link to a workspace or a file: dependency
	Dev              bool // needed by devDependencies only
	Optional         bool // needed by optionalDependencies only
	DevOptional      bool // needed by devDependencies or optionalDependencies only
	InBundle         bool // comes inside the archive of the package around it
	HasInstallScript bool
	OS, CPU, Libc    []string // platforms in Node's words, "!x" for all but x; empty for any
	Engines          map[string]string
	Dependencies     map[string]string // ranges by name
	OptionalDeps     map[string]string
	DevDeps          map[string]string // of the project, workspaces and file: dependencies only
	PeerDeps         map[string]string // but for those that are optional
	Commands         []string          // the names of its programs, sorted; version 1 does not know them
}

// Read returns the lockfile in dir. Where there is none, found is false. One
// that cannot be read or decoded is a [failure.Failure] with [InvalidID].
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

// Parse decodes the text of a lockfile. File of the result is empty.
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
	lock := Lock{Version: raw.Version, Root: Package{Name: raw.Name, Version: raw.PackageVersion}}
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
	sort.Slice(lock.Packages, func(i, j int) bool { return lock.Packages[i].Path < lock.Packages[j].Path })
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

func (r rawPackage) pkg(place string) Package {
	name := r.Name
	if name == "" {
		name = nameIn(place)
	}
	maps.DeleteFunc(r.PeerDeps, func(peer, _ string) bool { return r.PeersMeta[peer].Optional })
	return Package{
		Path: place, Name: name, Version: r.Version, Resolved: r.Resolved, Integrity: r.Integrity,
		License: string(r.License), Link: r.Link, Dev: r.Dev, Optional: r.Optional,
		DevOptional: r.DevOptional, InBundle: r.InBundle, HasInstallScript: r.HasInstallScript,
		OS: r.OS, CPU: r.CPU, Libc: r.Libc, Engines: r.Engines,
		Dependencies: r.Dependencies, OptionalDeps: r.OptionalDeps, DevDeps: r.DevDeps, PeerDeps: r.PeerDeps,
		Commands: slices.Sorted(maps.Keys(r.Commands)),
	}
}

// nameIn is the package's name in its path: what follows the last
// node_modules/, or of a workspace the folder's name.
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
func flatten(above string, tree map[string]rawDependency) []Package {
	var all []Package
	for name, d := range tree {
		place := path.Join(above, "node_modules", name)
		p := Package{
			Path: place, Name: name, Version: d.Version, Resolved: d.Resolved, Integrity: d.Integrity,
			Dev: d.Dev, Optional: d.Optional, InBundle: d.Bundled, Dependencies: d.Requires,
		}
		if target, ok := strings.CutPrefix(d.Version, "file:"); ok && !isArchive(target) {
			p.Link, p.Resolved, p.Version = true, target, ""
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

// text reads a string, and takes anything else for an empty one: a license
// may be an object in old packages.
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

// list reads a list of strings, or one string alone.
type list []string

func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// ranges reads an object of strings; a list, which very old packages have
// for engines, is taken for nothing.
type ranges map[string]string

func (r *ranges) UnmarshalJSON(raw []byte) error {
	var object map[string]string
	if json.Unmarshal(raw, &object) == nil {
		*r = object
	}
	return nil
}

// requires reads an object of ranges; version 1 also has true at its top.
type requires map[string]string

func (r *requires) UnmarshalJSON(raw []byte) error { return (*ranges)(r).UnmarshalJSON(raw) }

// Production returns the packages that an install without devDependencies
// puts into node_modules on that platform: no links, no workspaces, nothing
// that is made for another platform. The words are Node's: "linux", "arm64",
// "glibc".
func (l Lock) Production(os, cpu, libc string) []Package {
	var kept []Package
	for _, p := range l.Packages {
		if !p.Dev && !p.Link && p.InNodeModules() && p.RunsOn(os, cpu, libc) {
			kept = append(kept, p)
		}
	}
	return kept
}

// ForAnyTarget tells whether an install without devDependencies comes out the
// same for every platform, as far as the lockfile says: no package is made for
// some platforms only, and none has an install script. Version 1 of the format
// does not say it, so there it is false.
func (l Lock) ForAnyTarget() bool {
	return l.Version > 1 && !slices.ContainsFunc(l.Packages, func(p Package) bool {
		return !p.Dev && (p.HasPlatform() || p.InNodeModules() && p.HasInstallScript)
	})
}

// InNodeModules is false for the folders of workspaces and file:
// dependencies, which have entries of their own.
func (p Package) InNodeModules() bool {
	return strings.HasPrefix(p.Path, "node_modules/") || strings.Contains(p.Path, "/node_modules/")
}

// RunsOn tells whether the package allows a platform, in Node's words.
func (p Package) RunsOn(os, cpu, libc string) bool {
	return allows(p.OS, os) && allows(p.CPU, cpu) && allows(p.Libc, libc)
}

// HasPlatform tells whether the package is made for some platforms only.
func (p Package) HasPlatform() bool { return len(p.OS)+len(p.CPU)+len(p.Libc) > 0 }

// allows reads a list as npm does: "any" and no list at all is everything,
// "!x" forbids x, and where something is named without "!" it is one of
// these.
func allows(list []string, word string) bool {
	if len(list) == 0 || (len(list) == 1 && list[0] == "any") {
		return true
	}
	if slices.Contains(list, "!"+word) {
		return false
	}
	onlyForbids := !slices.ContainsFunc(list, func(s string) bool { return !strings.HasPrefix(s, "!") })
	return onlyForbids || slices.Contains(list, word)
}

// Links returns the folders that links lead to (workspaces and file:
// dependencies), relative to the project, sorted and each once.
func (l Lock) Links() []string {
	var all []string
	for _, p := range l.Packages {
		if p.Link {
			all = append(all, path.Clean(p.Resolved))
		}
	}
	sort.Strings(all)
	return slices.Compact(all)
}
