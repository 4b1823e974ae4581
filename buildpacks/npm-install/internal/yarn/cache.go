package yarn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// BoundDownloads removes from Yarn's cache what the lockfile does not need, and what
// is for other platforms than this machine and the targets. If Yarn has not run, it
// is an archive, and stays as it is. It also removes the downloads in the app that
// the app image does not need.
func (m *manager) BoundDownloads(dir string) error {
	if err := m.leaveOut(); err != nil {
		return err
	}
	bound := m.boundBerry
	if m.classic() {
		bound = m.boundClassic
	}
	if err := bound(dir); err != nil {
		return fmt.Errorf("bounding Yarn's cache: %w", err)
	}
	return nil
}

// boundClassic bounds the cache of Yarn 1: a folder for each package, in
// node_modules/NAME of which are its files and its archive.
func (m *manager) boundClassic(dir string) error {
	cache := filepath.Join(dir, cacheVersion)
	entries, err := os.ReadDir(cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	locked := map[string]bool{}
	for _, entry := range m.lock.Entries {
		locked[entry.RealName()+"@"+entry.Version] = true
	}
	for _, entry := range entries {
		packages, _ := filepath.Glob(filepath.Join(cache, entry.Name(), "node_modules", "*", "package.json"))
		scoped, _ := filepath.Glob(filepath.Join(cache, entry.Name(), "node_modules", "@*", "*", "package.json"))
		keep := slices.ContainsFunc(append(packages, scoped...), func(file string) bool {
			p, ok := readCached(file)
			return ok && locked[p.Name+"@"+p.Version] && m.runsOnAny(p)
		})
		if keep {
			for _, file := range append(packages, scoped...) { // Yarn installs from the files beside it
				if err := os.RemoveAll(filepath.Join(filepath.Dir(file), ".yarn-tarball.tgz")); err != nil {
					return err
				}
			}
			continue
		}
		if err := tree.Remove(filepath.Join(cache, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// readCached reads the package.json of a package in Yarn 1's cache.
func readCached(file string) (deps.Package, bool) {
	text, err := os.ReadFile(file)
	var fields struct {
		Name, Version string
		OS, CPU, Libc any
	}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return deps.Package{}, false
	}
	return deps.Package{Name: fields.Name, Version: fields.Version, OS: words(fields.OS), CPU: words(fields.CPU), Libc: words(fields.Libc)}, true
}

// words returns a list of strings, or a single string, of JSON.
func words(value any) (all []string) {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	list, _ := value.([]any)
	for _, one := range list {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

func (m *manager) runsOnAny(p deps.Package) bool {
	return slices.ContainsFunc(m.targets, p.RunsOn)
}

// boundBerry bounds the global folder of Yarn 2 and later: an archive for each
// package in its cache, with the name, the version and digests in its name; and
// documents of registries, which a frozen install does not need.
func (m *manager) boundBerry(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "cache" {
			if err := tree.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	var prefixes []string
	for _, entry := range m.lock.Entries {
		if m.runsOnAny(deps.Package{OS: entry.OS, CPU: entry.CPU, Libc: entry.Libc}) {
			prefixes = append(prefixes, archivePrefix(entry))
		}
	}
	return tree.Files(filepath.Join(dir, "cache"), func(path string) error {
		name := filepath.Base(path)
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			return nil
		}
		return os.Remove(path)
	})
}

// protocol matches the protocol of a locator's reference.
var protocol = regexp.MustCompile(`^([a-z][a-z0-9+.-]*):(.*)$`)

// archivePrefix returns the start of the name of a package's archive in the cache:
// "@scope-name-npm-1.0.0-", and for other protocols than npm without a version.
func archivePrefix(entry yarnlock.Entry) string {
	name := strings.Replace(entry.RealName(), "/", "-", 1)
	reference := strings.TrimPrefix(entry.Resolution, entry.RealName()+"@")
	found := protocol.FindStringSubmatch(reference)
	if found == nil {
		return name + "-"
	}
	if found[1] == "npm" {
		return name + "-npm-" + found[2] + "-"
	}
	return name + "-" + strings.TrimSuffix(found[1], ":") + "-"
}
