package npminstall

import (
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// modulesVariable is the setting for apps that their build scripts bundle with
// all that they need.
const modulesVariable = "BP_NODE_KEEP_MODULES"

// leaveModulesOut removes the modules from the app that it has brought along.
// Those of the build are linked afterwards where a later buildpack wants them;
// the last one takes the links away.
func (b *build) leaveModulesOut(p plan) error {
	b.log.Process("Leaving %s out of the app image: %s is false", nodemodules.Dir, modulesVariable)
	b.log.Break()
	for _, folder := range append([]string{""}, b.lock.Links()...) {
		if !filepath.IsLocal(filepath.Join(folder, nodemodules.Dir)) {
			continue
		}
		if err := tree.Remove(filepath.Join(b.dir, folder, nodemodules.Dir)); err != nil {
			return fmt.Errorf("leaving %s out: %w", nodemodules.Dir, err)
		}
	}
	return nil
}
