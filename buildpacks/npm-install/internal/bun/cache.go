package bun

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// BoundDownloads removes unpacked packages that the lockfile does not have, and the
// registry's documents, which a frozen install does not read.
func (m *manager) BoundDownloads(dir string) error {
	lock, found, err := m.ReadLock(m.project.Dir)
	if err != nil || !found {
		return err
	}
	locked := map[string]bool{}
	for _, p := range lock.Packages {
		if p.Source.Kind == deps.FromRegistry {
			locked[p.Name+"@"+core(p.Version)] = true
		}
	}
	return bound(dir, "", locked)
}

// cached matches a package's folder in Bun's cache: the name and the version, with
// a digest of what is behind a dash or a plus sign in that, and then the registry.
// Those of git repositories and archives begin with "@" (@GH@…, @T@…, @G@…).
var cached = regexp.MustCompile(`^([^@]+@[^@]+)@@`)

// core returns a version without its parts behind a dash or a plus sign.
func core(version string) string {
	if i := strings.IndexAny(version, "-+"); i >= 0 {
		return version[:i]
	}
	return version
}

// bound removes what is not locked from a folder of the cache: the cache itself, or
// that of a scope.
func bound(dir, scope string, locked map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if scope == "" && strings.HasPrefix(name, "@") && !strings.Contains(name[1:], "@") {
			if err := bound(path, name+"/", locked); err != nil {
				return err
			}
			continue
		}
		found := cached.FindStringSubmatch(name)
		if found == nil && !strings.HasSuffix(name, ".npm") || found != nil && locked[scope+packageOf(found[1])] {
			continue
		}
		if err := tree.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// packageOf returns the name and the version, as the lockfile's are noted.
func packageOf(folder string) string {
	name, version, _ := strings.Cut(folder, "@")
	return name + "@" + core(version)
}
