package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// addKept copies packages for development that the app needs at launch from
// build-modules into the launch layer, without their own dependencies: such a
// package has none.
func (i *installer) addKept(launchDir string) error {
	buildDir := filepath.Join(i.context.Layers.Path, buildLayer)
	for _, name := range i.demand.keep {
		for _, folder := range slices.Compact([]string{i.project.Workspace, ""}) {
			place := filepath.Join(folder, nodemodules.Dir, name)
			from, err := filepath.EvalSymlinks(filepath.Join(buildDir, place))
			if err != nil {
				continue
			}
			to := filepath.Join(launchDir, place)
			if tree.Exists(to) {
				break
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := tree.Copy(from, to); err != nil {
				return fmt.Errorf("keeping %s for the app: %w", name, err)
			}
			i.log.Subprocess("Keeping %s, which the app needs when it starts", name)
			break
		}
	}
	return nil
}

// hasKept reports whether a path in the lockfile is that of a package that the
// layer keeps.
func (s spec) hasKept(path string) bool {
	return s.launch && slices.ContainsFunc(s.demand.keep, func(name string) bool { return strings.HasSuffix(path, nodemodules.Dir+"/"+name) })
}
