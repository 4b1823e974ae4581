package project

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// listsWorkspace reports whether the package.json in root, or pnpm's list of
// workspaces there, has a folder below it.
func listsWorkspace(root, dir string) (bool, error) {
	globs, err := packagejson.ReadWorkspaces(root)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	folder, err := filepath.Rel(root, dir)
	if err != nil {
		return false, err
	}
	if alone, err := hasOwnLockfile(dir, root); err != nil || alone {
		return false, err
	}
	folder = filepath.ToSlash(folder)
	if IsWorkspace(globs, folder) {
		return true, nil
	}
	if listed, err := packagemanager.ListsForPNPM(root, folder, IsWorkspace); listed || err != nil || len(globs) == 0 {
		return listed, err
	}
	lock, _, err := npmlock.Read(root)
	return slices.Contains(lock.Links(), folder), err
}

// hasOwnLockfile reports whether a folder's lockfile overrides those of the
// root above it: the root has none, or only the folder has one of npm's.
func hasOwnLockfile(dir, root string) (bool, error) {
	own, err := packagemanager.Find(dir)
	if err != nil || len(own) == 0 {
		return false, err
	}
	above, err := packagemanager.Find(root)
	isNPMs := func(l packagemanager.Lockfile) bool { return l.Manager == packagemanager.NPM }
	return len(above) == 0 || slices.ContainsFunc(own, isNPMs) && !slices.ContainsFunc(above, isNPMs), err
}

// IsWorkspace reports whether the workspaces globs of a package.json match a
// folder, a path with slashes. As in npm, the last matching glob decides, "!"
// excludes, "**" matches any number of folders, and nothing in node_modules is
// a workspace.
func IsWorkspace(globs []string, folder string) bool {
	parts := strings.Split(path.Clean(folder), "/")
	if slices.Contains(parts, "node_modules") {
		return false
	}
	is := false
	for _, glob := range globs {
		rest := strings.TrimLeft(glob, "!")
		excludes := (len(glob)-len(rest))%2 == 1
		if slices.ContainsFunc(alternatives(rest), func(one string) bool {
			return matches(strings.Split(strings.TrimPrefix(path.Clean("/"+one), "/"), "/"), parts)
		}) {
			is = !excludes
		}
	}
	return is
}

// alternatives expands braces: "{a,b}/*" to "a/*" and "b/*".
func alternatives(glob string) []string {
	open := strings.IndexByte(glob, '{')
	if open < 0 {
		return []string{glob}
	}
	length := strings.IndexByte(glob[open:], '}')
	if length < 0 {
		return []string{glob}
	}
	var all []string
	for _, one := range strings.Split(glob[open+1:open+length], ",") {
		all = append(all, alternatives(glob[:open]+one+glob[open+length+1:])...)
	}
	return all
}

func matches(glob, parts []string) bool {
	switch {
	case len(glob) == 0:
		return len(parts) == 0
	case glob[0] == "**":
		return matches(glob[1:], parts) || len(parts) > 0 && matches(glob, parts[1:])
	case len(parts) == 0:
		return false
	}
	ok, err := path.Match(glob[0], parts[0])
	return err == nil && ok && matches(glob[1:], parts[1:])
}
