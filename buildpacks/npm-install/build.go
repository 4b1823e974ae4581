package npminstall

import (
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// Build installs the dependencies into the layers that the plan requires, and
// links the project's node_modules to them.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		env := withFramework(env, context.WorkingDir)
		return modules.Build(env, log, &manager{env: env, log: log})(context)
	}
}
