package systempackages

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/request"
	"github.com/armature-cnb/armature/internal/environ"
)

// Detect passes for an app that names packages. What is wrong with a name is told
// by the build.
func Detect(env environ.List) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		asked, err := request.Read(context.WorkingDir, env.Get)
		if err == nil && len(asked) == 0 {
			return packit.DetectResult{}, packit.Fail.WithMessage("no package is asked for: %s is not set, and there is no %s in %s", request.Variable, request.File, context.WorkingDir)
		}
		return packit.DetectResult{}, nil
	}
}
