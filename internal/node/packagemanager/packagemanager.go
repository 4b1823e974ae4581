// Package packagemanager detects a Node.js project's package manager, by its
// lockfiles and its package.json. It reads no environment and writes nothing.
package packagemanager

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
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

// Names of lockfiles.
const (
	pnpmLock = "pnpm-lock.yaml"
	YarnLock = "yarn.lock"
)

// lockfileName is the name of a manager's lockfile.
type lockfileName struct{ file, manager string }

// names are the lockfiles of all managers. npm uses the first of its two.
var names = []lockfileName{
	{npmlock.Shrinkwrap, NPM},
	{npmlock.PackageLock, NPM},
	{pnpmLock, PNPM},
	{"shrinkwrap.yaml", PNPM}, // pnpm 2 and older
	{YarnLock, Yarn},
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
	Empty   bool // a yarn.lock without any entry
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
			if one.Format, one.Empty, err = yarnFormat(one.Path()); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// metadata is the entry that yarn.lock has from Yarn 2 on.
var metadata = regexp.MustCompile(`(?m)^['"]?__metadata['"]?:`)

func yarnFormat(path string) (format Format, empty bool, err error) {
	text, err := regular.ReadFile(path)
	if err != nil {
		return Other, false, fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
	}
	decoded, err := textfile.Decode(text)
	if err != nil {
		return Yarn1, false, nil // which its parser reports
	}
	if metadata.Match(decoded) {
		return Berry, false, nil
	}
	return Yarn1, !content.Match(decoded), nil
}

// content matches a line that is neither blank nor a comment.
var content = regexp.MustCompile(`(?m)^[^\S\n]*[^\s#]`)

// Within returns the lockfile's path in the app, with what [Lockfile.String] adds
// to its name.
func (l Lockfile) Within(app string) string {
	folder, err := filepath.Rel(app, l.Dir)
	if err != nil {
		return l.String()
	}
	return filepath.Join(folder, l.String())
}

// IsKnown reports whether a manager's lockfiles are known.
func IsKnown(manager string) bool {
	return slices.ContainsFunc(names, func(known lockfileName) bool { return known.manager == manager })
}
