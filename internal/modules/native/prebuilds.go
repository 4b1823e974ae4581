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

// prebuildsDir is the folder of a package in which prebuildify puts a folder
// for every platform that it was built for. What loads them (node-gyp-build
// and its like) looks into that of its own platform only.
const prebuildsDir = "prebuilds"

// isFor tells whether a folder's name is that of the target's platform.
func isFor(t targets.Target, folder string) bool {
	platform, architectures, _ := strings.Cut(folder, "-")
	return platform == t.OS && slices.Contains(strings.Split(architectures, "+"), t.Node())
}

// HasPrebuild tells whether a package brings a module for the target, and for
// its C library, in a folder of prebuilt ones.
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

// RemoveForeignPrebuilds takes modules for other platforms out of the
// packages in a layer that bring one for the target. It leaves the others as
// they are, for the check of native files to judge.
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

// IsPrebuilt tells whether a package has binaries for the target without its
// install script: in a folder prebuilds/<platform>-<architecture>, as
// prebuildify makes them, or in an optional dependency that is made for the
// target's platform and is installed.
func IsPrebuilt(dir string, installed deps.Graph, p deps.Package, t targets.Target) (bool, error) {
	if found, err := HasPrebuild(filepath.Join(dir, p.Path), t); err != nil || found {
		return found, err
	}
	for name := range p.OptionalDeps {
		if found, ok := installed.Resolve(p.Path, name); ok && found.IsBinaryFor(deps.PlatformOf(t)) {
			return true, nil
		}
	}
	return false, nil
}
