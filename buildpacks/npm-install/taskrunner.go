package npminstall

import (
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/taskrunner"
)

// withTaskRunner adds the variables to the environment with which the monorepo's
// Turborepo or Nx keeps its results in a layer; the user's own count. Errors in
// package.json are left to others.
func withTaskRunner(env environ.List, context packit.BuildContext) (environ.List, error) {
	found, err := project.Find(context.WorkingDir, env.Get)
	if err != nil {
		return env, nil
	}
	root, err := packagejson.Read(found.Root)
	if err != nil {
		return env, nil
	}
	runner, ok, err := taskrunner.Find(found.Root, root)
	if err != nil || !ok {
		return env, err
	}
	for _, pair := range runner.Variables(filepath.Join(context.Layers.Path, modules.TaskCache)) {
		name, value, _ := strings.Cut(pair, "=")
		env = env.Default(name, value)
	}
	return env, nil
}
