package bun

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// removeForeign removes installed packages that do not run on a platform: lockfiles
// of Bun up to 1.3 do not say for which C library a package is, so that Bun installs
// those for musl, too.
func (m *manager) removeForeign(installed deps.Graph, platform deps.Platform) error {
	touched := map[string]bool{} // folders node_modules
	for _, p := range installed.Packages {
		if !p.HasPlatform() || !p.InNodeModules() {
			continue
		}
		dir := filepath.Join(m.project.Dir, p.Path)
		fits, err := runsOn(dir, p, platform)
		if errors.Is(err, fs.ErrNotExist) || err == nil && fits {
			continue
		}
		if err != nil {
			return err
		}
		if err := tree.Remove(dir); err != nil {
			return err
		}
		modules := filepath.Dir(dir)
		if path.Dir(p.Name) != "." {
			os.Remove(modules) // the scope, if that was its last package
			modules = filepath.Dir(modules)
		}
		touched[modules] = true
	}
	for dir := range touched {
		if err := removeDangling(filepath.Join(dir, ".bin")); err != nil {
			return err
		}
	}
	return nil
}

// runsOn reads the platforms in the package.json of an installed package.
func runsOn(dir string, p deps.Package, platform deps.Platform) (bool, error) {
	fields, err := packagejson.ReadFields(dir)
	if err != nil {
		return false, err
	}
	p.Libc = words(fields["libc"])
	return p.RunsOn(platform), nil
}

// words reads a list of words, or one word.
func words(value any) (all []string) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, one := range list {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

// removeDangling removes the commands of packages that are gone.
func removeDangling(bin string) error {
	entries, err := os.ReadDir(bin)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		file := filepath.Join(bin, entry.Name())
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}
