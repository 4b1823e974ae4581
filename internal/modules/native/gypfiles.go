package native

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// gypObjects is the folder for object files of node-gyp's makefiles, in
// build/Release of a package and the like.
const gypObjects = "obj.target"

// RemoveObjects removes build intermediates from a layer of modules: object files,
// generated sources, dependency lists, static libraries and makefiles beside a
// module that node-gyp made. The module itself stays. Native and cross compilation
// give the same module, but other makefiles, which name the tools.
func RemoveObjects(layerDir string) error {
	var places []string
	err := filepath.WalkDir(layerDir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != gypObjects {
			return err
		}
		configuration := filepath.Dir(place)
		if slices.Contains([]string{"Release", "Debug"}, filepath.Base(configuration)) {
			places = append(places, configuration)
		}
		return fs.SkipDir
	})
	if err != nil {
		return fmt.Errorf("looking for what node-gyp has left behind: %w", err)
	}
	for _, configuration := range places {
		archives, err := filepath.Glob(filepath.Join(configuration, "*.a"))
		if err != nil {
			return err
		}
		for _, name := range []string{gypObjects, "obj", ".deps"} {
			archives = append(archives, filepath.Join(configuration, name))
		}
		makefiles, err := gypMakefiles(filepath.Dir(configuration))
		if err != nil {
			return fmt.Errorf("looking for what node-gyp has left behind: %w", err)
		}
		for _, place := range append(archives, makefiles...) {
			if err := tree.Remove(place); err != nil {
				return fmt.Errorf("removing what node-gyp has left behind: %w", err)
			}
		}
	}
	return nil
}

// gypMakefiles finds the files that node-gyp writes before it calls make: Makefile
// and config.gypi in the folder itself, *.mk and *.Makefile there and below.
func gypMakefiles(buildDir string) (found []string, err error) {
	err = filepath.WalkDir(buildDir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		top := filepath.Dir(place) == buildDir && slices.Contains([]string{"Makefile", "config.gypi"}, entry.Name())
		if top || slices.Contains([]string{".mk", ".Makefile"}, filepath.Ext(entry.Name())) {
			found = append(found, place)
		}
		return nil
	})
	return found, err
}
