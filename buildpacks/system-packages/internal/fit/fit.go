// Package fit makes Debian packages work in a layer: with variables of the app's
// process, and where these are not enough with other files.
package fit

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// Apply changes the layer's files, and returns the variables of the app's process.
func Apply(root *rootfs.Root) (packit.Environment, error) {
	for _, name := range slices.Sorted(maps.Keys(direct)) {
		if _, err := root.Stat(rootfs.Clean(direct[name])); err != nil {
			continue
		}
		if err := root.Remove(name); err != nil {
			return nil, err
		}
		if err := root.Symlink(name, direct[name]); err != nil {
			return nil, err
		}
	}
	if err := fonts(root); err != nil {
		return nil, err
	}
	libraries, err := programs(root)
	if err != nil {
		return nil, err
	}
	env := packit.Environment{}
	if len(libraries) > 0 {
		env.Append("LD_LIBRARY_PATH", strings.Join(absolute(root, libraries), ":"), ":")
	}
	for _, v := range variables {
		if err := v.set(root, env); err != nil {
			return nil, err
		}
	}
	return env, nil
}

func (v variable) set(root *rootfs.Root, env packit.Environment) error {
	var found []string
	for _, pattern := range v.patterns {
		matches, err := fs.Glob(root.FS(), pattern)
		if err != nil {
			return err
		}
		slices.Sort(matches)
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return nil
	}
	value := strings.Join(absolute(root, found), ":") + v.rest
	if v.how == after {
		env.Append(v.name, value, ":")
	} else {
		env.Default(v.name, value)
	}
	return nil
}

// absolute are paths in the layer as the app's process has them.
func absolute(root *rootfs.Root, names []string) (all []string) {
	for _, name := range names {
		all = append(all, path.Join(root.Dir, name))
	}
	return all
}
