package project

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Limits of the search for workspaces: levels of folders, and folders in all.
const (
	maxDepth   = 6
	maxFolders = 20000
)

// Workspaces returns the folders below root that have a package.json and match the
// globs, see [IsWorkspace], as sorted paths with slashes. Globs do not match names
// that begin with a dot, and nothing below the limits is found.
func Workspaces(root string, globs []string) ([]string, error) {
	if len(globs) == 0 {
		return nil, nil
	}
	var all []string
	seen := 0
	err := filepath.WalkDir(root, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || place == root {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		folder, err := filepath.Rel(root, place)
		if seen++; strings.Count(filepath.ToSlash(folder), "/") >= maxDepth || seen > maxFolders {
			return fs.SkipDir
		}
		if err == nil && IsWorkspace(globs, filepath.ToSlash(folder)) && tree.Exists(filepath.Join(place, packagejson.FileName)) {
			all = append(all, filepath.ToSlash(folder))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for workspaces in %s: %w", root, err)
	}
	return all, nil
}
