package modules

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/executable"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// openPrograms makes the programs of the layer's workspaces and file: dependencies
// executable. They are files of the app, which an install changes, and a reused layer
// is not installed.
func (e *engine) openPrograms(s spec) error {
	folders, err := e.selection.folders(s.dev())
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !filepath.IsLocal(folder) {
			continue
		}
		if err := e.openProgramsOf(filepath.Join(e.project.Dir, folder)); err != nil {
			return fmt.Errorf("making the programs of %s executable: %w", folder, err)
		}
	}
	return nil
}

func (e *engine) openProgramsOf(dir string) error {
	pkg, err := packagejson.Read(dir)
	if err != nil {
		return nil // an archive, or the manager has reported it
	}
	files, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer files.Close()
	for _, program := range programsOf(pkg) {
		info, err := files.Lstat(program)
		if err != nil || !info.Mode().IsRegular() {
			continue // a build script makes it, or it is not in the folder
		}
		if err := executable.Fix(filepath.Join(dir, program)); err != nil {
			return err
		}
	}
	return nil
}

// programsOf returns the files of a package's programs, relative to its folder.
func programsOf(pkg packagejson.Package) (all []string) {
	switch bin := pkg.Bin.(type) {
	case string:
		all = append(all, bin)
	case map[string]any:
		for _, file := range bin {
			if file, ok := file.(string); ok {
				all = append(all, file)
			}
		}
	}
	return all
}
