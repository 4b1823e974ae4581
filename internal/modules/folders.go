package modules

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// checkFolders returns an error if a folder of a workspace or file: dependency that
// the project needs is missing. Others may be missing: an upload may leave them
// out.
func (e *engine) checkFolders() error {
	for _, start := range e.selection.starts() {
		closure, _ := e.project.Lock.Closure(start, false)
		for _, folder := range closure.Folders {
			if tree.Exists(filepath.Join(e.project.Dir, folder)) {
				continue
			}
			return linkedFolderMissing(fmt.Sprintf("%s depends on the package in the folder %s", describeFolder(start), folder))
		}
	}
	if e.method.Kind != Resolved {
		return nil
	}
	if err := checkNamed(e.project.Dir, e.project.Root); err != nil || e.project.Workspace == "" {
		return err
	}
	return checkNamed(e.project.Folder, e.project.Package)
}

// checkNamed returns an error if a folder or archive that a package.json depends on
// is missing. Without a lockfile, a manager may silently link to a missing folder.
func checkNamed(dir string, pkg packagejson.Package) error {
	for _, name := range slices.Sorted(maps.Keys(pkg.Dependencies)) {
		if _, optional := pkg.OptionalDependencies[name]; optional {
			continue
		}
		path, ok := deps.LocalPath(pkg.Dependencies[name])
		if !ok {
			continue
		}
		place := path
		if !filepath.IsAbs(path) {
			place = filepath.Join(dir, path)
		}
		if !tree.Exists(place) {
			return linkedFolderMissing(fmt.Sprintf("%s of %s is %s", name, filepath.Join(dir, packagejson.FileName), path))
		}
	}
	return nil
}

func linkedFolderMissing(cause string) error {
	return &failure.Failure{
		ID:    "linked-folder-missing",
		Cause: cause + ", which is not in the app",
		Remedy: "let it be part of what is uploaded: look for it in .dockerignore, .gitignore, and exclude of project.toml. " +
			"What is above the app cannot be: build the folder that has both, with BP_NODE_PROJECT_PATH.",
	}
}
