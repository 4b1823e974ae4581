package modules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// An install script may generate code beside the packages with a tool that only the
// build has: that of @prisma/client writes node_modules/.prisma if prisma is under
// devDependencies, and a stub that throws without it. Such folders of build-modules
// are in the launch layer, too, unless its own install made as much.

// keepInstalled adds to the generated files those of the folders beside packages in
// build-modules.
func (i *installer) keepInstalled(layerDir string, places []string) error {
	for _, place := range places {
		folders, err := i.besidePackages(layerDir, place)
		if err != nil {
			return err
		}
		for _, folder := range folders {
			names, err := i.filesOf(filepath.Join(layerDir, folder), func(string, fs.DirEntry) (bool, error) { return true, nil })
			if err != nil {
				return err
			}
			if err := i.generated.keepFolder(layerDir, place, folder, names); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepFolder copies the files of a folder, unless a script of the build wrote them
// anew.
func (g *generated) keepFolder(layerDir, place, folder string, names []string) error {
	anew := slices.ContainsFunc(g.files, func(file string) bool { return strings.HasPrefix(file, folder+"/") })
	var paths []string
	for _, name := range names {
		file := filepath.Join(folder, name)
		if !slices.Contains(g.files, file) {
			paths = append(paths, strings.TrimPrefix(file, place+"/"))
		}
	}
	if !anew {
		g.installed = append(g.installed, folder)
	}
	return g.keep(layerDir, place, paths)
}

// besidePackages lists the folders of one node_modules whose names begin with a
// dot, and those of the virtual store in it, relative to the layer.
func (i *installer) besidePackages(layerDir, place string) (all []string, err error) {
	entries, err := os.ReadDir(filepath.Join(layerDir, place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		name := entry.Name()
		folder := filepath.Join(place, name)
		if !entry.IsDir() || !strings.HasPrefix(name, ".") || slices.Contains(scratch, name) || slices.Contains(i.manager.Words().Notes, name) {
			continue
		}
		stored, err := filepath.Glob(filepath.Join(escaped(filepath.Join(layerDir, folder)), "*", nodemodules.Dir, ".*"))
		if err != nil {
			return nil, err
		}
		isStore, err := filepath.Glob(filepath.Join(escaped(filepath.Join(layerDir, folder)), "*", nodemodules.Dir))
		if err != nil {
			return nil, err
		}
		if len(isStore) == 0 {
			all = append(all, folder)
		}
		for _, path := range stored {
			if info, err := os.Lstat(path); err == nil && info.IsDir() && !slices.Contains(scratch, filepath.Base(path)) {
				all = append(all, strings.TrimPrefix(path, layerDir+"/"))
			}
		}
	}
	return all, err
}

// escaped returns a path as a pattern that matches it alone.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// madeAtLaunch returns the kept folders of which the launch layer has all files,
// but native ones, which may be called differently for another target.
func (g *generated) madeAtLaunch(launchDir string) (all []string) {
	for _, folder := range g.installed {
		lacks := slices.ContainsFunc(g.files, func(file string) bool {
			return strings.HasPrefix(file, folder+"/") && !g.isNative(file) && !tree.Exists(filepath.Join(launchDir, file))
		})
		if !lacks {
			all = append(all, folder)
		}
	}
	return all
}

// isNative reports whether a kept file is a native library or a program.
func (g *generated) isNative(file string) bool {
	info, err := os.Stat(filepath.Join(g.dir, file))
	return filepath.Ext(file) == ".node" || err == nil && info.Mode()&0o111 != 0
}
