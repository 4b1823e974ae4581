package pnpm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// The store's format differs from one line of pnpm to the next, and the newest is a
// database. So the store is bounded as a whole: beside it is a list of the packages
// that were installed from it. When most of them are no longer in the lockfile, the
// store starts empty.

// listFile lists the packages in the store, one integrity a line.
const listFile = "packages.txt"

// openStore unpacks the store of the build before, unless most of it is of no use.
func (m *Manager) openStore() error {
	if err := m.pnpm.cache.Open(); err != nil || m.opened {
		return err
	}
	m.opened = true
	dir := m.pnpm.cache.Dir
	stored, err := readPackages(dir)
	if err != nil {
		return err
	}
	needed := integrities(m.project.Lock)
	stale := slices.DeleteFunc(slices.Clone(stored), func(one string) bool { return slices.Contains(needed, one) })
	if len(stale) <= len(needed) {
		return nil
	}
	m.log.Subprocess("Starting with an empty store: of %d packages in it the lockfile has %d", len(stored), len(stored)-len(stale))
	return errors.Join(tree.Remove(dir), os.MkdirAll(dir, 0o755))
}

// BoundDownloads lists the packages of the lockfile in the store.
func (m *Manager) BoundDownloads(dir string) error {
	if !m.opened {
		return nil
	}
	stored, err := readPackages(dir)
	if err != nil {
		return err
	}
	all := append(stored, integrities(m.project.Lock)...)
	slices.Sort(all)
	text := strings.Join(slices.Compact(all), "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, listFile), []byte(text), 0o644); err != nil {
		return fmt.Errorf("listing the packages in pnpm's store: %w", err)
	}
	return nil
}

func readPackages(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, listFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the packages in pnpm's store: %w", err)
	}
	return strings.Fields(string(text)), nil
}

// integrities returns those of a lockfile's packages, sorted.
func integrities(lock deps.Graph) (all []string) {
	for _, p := range lock.Packages {
		if p.Integrity != "" {
			all = append(all, strings.Fields(p.Integrity)[0])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
