// Package packagemanager detects a Node.js project's package manager, by its
// lockfiles and its package.json. It reads no environment and writes nothing.
package packagemanager

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// The managers, as package.json names them in packageManager and
// devEngines.packageManager.
const (
	NPM  = "npm"
	PNPM = "pnpm"
	Yarn = "yarn"
	Bun  = "bun"
	Deno = "deno"
)

// pnpmLock is the name of pnpm's lockfile.
const pnpmLock = "pnpm-lock.yaml"

// names are the lockfiles of all managers. npm uses the first of its two.
var names = []struct{ file, manager string }{
	{npmlock.Shrinkwrap, NPM},
	{npmlock.PackageLock, NPM},
	{pnpmLock, PNPM},
	{"shrinkwrap.yaml", PNPM}, // pnpm 2 and older
	{"yarn.lock", Yarn},
	{"bun.lock", Bun},
	{"bun.lockb", Bun},
	{"deno.lock", Deno},
}

// Lockfile is one lockfile of a project.
type Lockfile struct {
	Dir     string // its folder, as it was given to [Find] or [Above]
	Name    string // "pnpm-lock.yaml"
	Manager string // [NPM], [PNPM], …
	Format  Format
}

// Format distinguishes formats of lockfiles with the same name.
type Format int

// Formats. npm reads Yarn 1's lockfile, but no other manager's.
const (
	Other Format = iota
	Yarn1        // yarn.lock of Yarn 1, or one without any entries
	Berry        // yarn.lock of Yarn 2 and later
)

// String returns the file's name, and for a yarn.lock the versions of Yarn that
// write it.
func (l Lockfile) String() string {
	switch l.Format {
	case Yarn1:
		return l.Name + " of Yarn 1"
	case Berry:
		return l.Name + " of Yarn 2 or later"
	}
	return l.Name
}

// Path is the path of the file.
func (l Lockfile) Path() string { return filepath.Join(l.Dir, l.Name) }

// Find returns the lockfiles in a folder, npm's first.
func Find(dir string) ([]Lockfile, error) {
	var all []Lockfile
	for _, known := range names {
		one := Lockfile{Dir: dir, Name: known.file, Manager: known.manager}
		info, err := os.Stat(one.Path())
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for lockfiles: %w", regular.TooLarge(err))
		}
		if one.Manager == Yarn {
			if one.Format, err = yarnFormat(one.Path()); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// ReadByNPM reports whether npm installs from the lockfile: npm's own, and Yarn
// 1's.
func (l Lockfile) ReadByNPM() bool { return l.Manager == NPM || l.Format == Yarn1 }

// Above returns the pnpm lockfile in a folder if it is a workspace root and
// project, a path with slashes below it, is one of its projects.
// pnpm-workspace.yaml lists them, not package.json.
func Above(dir, project string) (Lockfile, bool, error) {
	found := Lockfile{Dir: dir, Name: pnpmLock, Manager: PNPM}
	text, err := regular.ReadFile(found.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return Lockfile{}, false, nil
	}
	if err != nil {
		return Lockfile{}, false, fmt.Errorf("looking for lockfiles: %w", regular.TooLarge(err))
	}
	name := regexp.QuoteMeta(path.Clean(project))
	importer := regexp.MustCompile(`(?m)^  ['"]?` + name + `['"]?:\s*(?:\{\s*\}\s*)?$`)
	_, importers, ok := bytes.Cut(text, []byte("importers:"))
	return found, ok && importer.Match(importers), nil
}

// metadata is the entry that yarn.lock has from Yarn 2 on.
var metadata = regexp.MustCompile(`(?m)^['"]?__metadata['"]?:`)

func yarnFormat(path string) (Format, error) {
	text, err := regular.ReadFile(path)
	if err != nil {
		return Other, fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
	}
	if decoded, err := textfile.Decode(text); err == nil && metadata.Match(decoded) {
		return Berry, nil
	}
	return Yarn1, nil
}

// Declared returns the manager that a package.json names, and as evidence the
// field with its value: packageManager, or else devEngines.packageManager,
// volta. Both are empty if it names none.
func Declared(pkg packagejson.Package) (manager, evidence string) {
	if name, _, ok := strings.Cut(strings.TrimSpace(pkg.PackageManager), "@"); ok && name != "" {
		spec, _, _ := strings.Cut(strings.TrimSpace(pkg.PackageManager), "+") // a digest
		return name, "packageManager " + spec
	}
	for _, engine := range pkg.DevEngines.PackageManager {
		if engine.Name != "" {
			return engine.Name, "devEngines.packageManager " + engine.Name
		}
	}
	for _, pin := range []struct{ manager, version string }{{PNPM, pkg.Volta.PNPM}, {Yarn, pkg.Volta.Yarn}} {
		if pin.version != "" {
			return pin.manager, fmt.Sprintf("volta.%s %s", pin.manager, pin.version)
		}
	}
	return "", ""
}
