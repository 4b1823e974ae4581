package npminstall

import (
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// Build installs the dependencies with the project's package manager into the
// layers that the plan requires, and links the project's node_modules to them.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		env, err := withTaskRunner(withFramework(env, context.WorkingDir, log), context)
		if err != nil {
			return packit.BuildResult{}, err
		}
		manager, err := managerFor(env, log, context.WorkingDir)
		if err != nil {
			return packit.BuildResult{}, err
		}
		return modules.Build(env, log, manager)(context)
	}
}
