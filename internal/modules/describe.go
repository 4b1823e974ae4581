package modules

import (
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
)

// describe logs, with BP_LOG_LEVEL=DEBUG, the environment that the layers set for
// later buildpacks and for the app, and which layers have a bill of materials.
func (e *engine) describe(layers []packit.Layer) {
	for _, layer := range layers {
		launch := layer.LaunchEnv
		if layer.Name == launchLayer && len(launch) == 0 { // reused: the previous image has it
			launch = e.launchEnvironment(layer)
		}
		e.describeEnvironment("build", layer.BuildEnv)
		e.describeEnvironment("launch", launch)
		if layer.SBOM == nil {
			continue
		}
		e.log.Debug.Process("Generating SBOM for %s", layer.Path)
		e.log.Debug.Subprocess("Formats: %s", strings.Join(e.context.BuildpackInfo.SBOMFormats, ", "))
		e.log.Debug.Break()
	}
}

func (e *engine) describeEnvironment(phase string, env packit.Environment) {
	if len(env) == 0 {
		return
	}
	e.log.Debug.Process("Configuring %s environment", phase)
	e.log.Debug.Subprocess("%s", scribe.NewFormattedMapFromEnvironment(env))
	e.log.Debug.Break()
}
