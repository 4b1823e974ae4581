package native

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// prebuildsDir is the folder in which prebuildify puts a folder for each platform.
// Loaders such as node-gyp-build look only into that of their own platform.
const prebuildsDir = "prebuilds"

// isFor reports whether a folder's name names the target's platform.
func isFor(t targets.Target, folder string) bool {
	platform, architectures, _ := strings.Cut(folder, "-")
	return platform == t.OS && slices.Contains(strings.Split(architectures, "+"), t.Node())
}

// HasPrebuild reports whether a package has a prebuilt module for the target and
// its C library.
func HasPrebuild(packageDir string, t targets.Target) (bool, error) {
	folders, err := os.ReadDir(filepath.Join(packageDir, prebuildsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, folder := range folders {
		if !isFor(t, folder.Name()) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(packageDir, prebuildsDir, folder.Name()))
		if err != nil {
			return false, err
		}
		usable := func(file fs.DirEntry) bool {
			return filepath.Ext(file.Name()) == ".node" && !strings.Contains(file.Name(), "musl")
		}
		if slices.ContainsFunc(files, usable) {
			return true, nil
		}
	}
	return false, nil
}

// RemoveForeignPrebuilds removes prebuilt modules for other platforms from packages
// in a layer that have one for the target. It does not change other packages, which
// the check of native files judges.
func RemoveForeignPrebuilds(layerDir string, t targets.Target) error {
	err := filepath.WalkDir(layerDir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != prebuildsDir {
			return err
		}
		found, err := HasPrebuild(filepath.Dir(place), t)
		if err != nil || !found {
			return err
		}
		folders, err := os.ReadDir(place)
		if err != nil {
			return err
		}
		for _, folder := range folders {
			if folder.IsDir() && deps.IsPlatformFolder(folder.Name()) && !isFor(t, folder.Name()) {
				if err := tree.Remove(filepath.Join(place, folder.Name())); err != nil {
					return err
				}
			}
		}
		return fs.SkipDir
	})
	if err != nil {
		return fmt.Errorf("removing modules for other platforms: %w", err)
	}
	return nil
}

// IsPrebuilt reports whether a package has binaries for the target without its
// install script: in prebuildify's folder prebuilds/<platform>-<architecture>, or
// in an installed optional dependency for the target's platform.
func IsPrebuilt(dir string, installed deps.Graph, p deps.Package, t targets.Target) (bool, error) {
	if found, err := HasPrebuild(filepath.Join(dir, p.Path), t); err != nil || found {
		return found, err
	}
	for name := range p.OptionalDeps {
		found, ok := installed.Resolve(p.Path, name)
		if ok && found.Link { // into a virtual store
			found, ok = installed.Package(found.To)
		}
		if ok && found.IsBinaryFor(deps.PlatformOf(t)) {
			return true, nil
		}
	}
	return false, nil
}
