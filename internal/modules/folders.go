package npminstall

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// checkFolders tells whether the folders of workspaces and file: dependencies
// are there, those that the project needs: in an upload that leaves folders
// out, the others may be missing.
func (b *build) checkFolders() error {
	for _, start := range b.starts() {
		closure, _ := b.lock.Closure(start, false)
		for _, folder := range closure.Folders {
			if tree.Exists(filepath.Join(b.dir, folder)) {
				continue
			}
			return linkedFolderMissing(fmt.Sprintf("%s depends on the package in the folder %s", describeFolder(start), folder))
		}
	}
	if b.inputs.process() != processInstall {
		return nil
	}
	if err := checkNamed(b.dir, b.root); err != nil || b.workspace == "" {
		return err
	}
	return checkNamed(b.projectDir, b.pkg)
}

// checkNamed tells whether the folders and archives are there that a
// package.json names itself. Without a lockfile npm links to a folder that is
// not there, and says nothing.
func checkNamed(dir string, pkg packagejson.Package) error {
	for _, name := range slices.Sorted(maps.Keys(pkg.Dependencies)) {
		if _, optional := pkg.OptionalDependencies[name]; optional {
			continue
		}
		path, ok := namedPath(pkg.Dependencies[name])
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

// namedPath is where a specification of npm's leads that names a folder or an
// archive.
func namedPath(spec string) (path string, ok bool) {
	path, ok = strings.CutPrefix(spec, "file:")
	path = strings.TrimPrefix(path, "//")
	return path, (ok || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")) && !strings.HasPrefix(path, "~")
}

func linkedFolderMissing(cause string) error {
	return &failure.Failure{
		ID:    "linked-folder-missing",
		Cause: cause + ", which is not in the app",
		Remedy: "let it be part of what is uploaded: look for it in .dockerignore, .gitignore, and exclude of project.toml. " +
			"What is above the app cannot be: build the folder that has both, with BP_NODE_PROJECT_PATH.",
	}
}
