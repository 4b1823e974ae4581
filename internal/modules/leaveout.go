package modules

import (
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// leaveModulesOut removes vendored modules from the app. build-modules are linked
// afterwards if a later buildpack requires them; the last buildpack removes the
// links.
func (e *engine) leaveModulesOut() error {
	e.log.Process("Leaving %s out of the app image: %s is false", nodemodules.Dir, modulesVariable)
	e.log.Break()
	for _, folder := range append([]string{""}, e.project.Lock.Folders()...) {
		if !filepath.IsLocal(filepath.Join(folder, nodemodules.Dir)) {
			continue
		}
		if err := tree.Remove(filepath.Join(e.project.Dir, folder, nodemodules.Dir)); err != nil {
			return fmt.Errorf("leaving %s out: %w", nodemodules.Dir, err)
		}
	}
	return nil
}
