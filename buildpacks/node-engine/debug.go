package nodeengine

import (
	"maps"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/distribution"
)

// explain logs, if BP_LOG_LEVEL is DEBUG, the environment that the layers set
// for build and launch, and what the SBOMs cover. It treats a reused layer like
// a new one.
func (run *build) explain(layers []packit.Layer, wanted []installation) {
	all := packit.Layer{BuildEnv: packit.Environment{}, LaunchEnv: packit.Environment{}}
	for _, layer := range layers {
		maps.Copy(all.BuildEnv, layer.BuildEnv)
	}
	for _, installation := range wanted {
		layer := packit.Layer{Path: filepath.Join(run.context.Layers.Path, installation.name)}
		installation.finish(&layer, distribution.Found{})
		maps.Copy(all.LaunchEnv, layer.LaunchEnv)
	}
	run.debug().EnvironmentVariables(all)
	if !run.sbom {
		run.builder.Logger.Debug.Process("Writing no bill of materials: %s is true", settings.DisableSBOM)
		return
	}
	for _, installation := range wanted {
		run.debug().GeneratingSBOM(filepath.Join(run.context.Layers.Path, installation.name))
		for _, component := range components(installation.Release, installation.NPM) {
			run.builder.Logger.Debug.Subprocess("%s %s", component.Name, component.Version)
		}
	}
	run.builder.Logger.FormattingSBOM(run.context.BuildpackInfo.SBOMFormats...)
}

// debug returns an emitter that writes at the level DEBUG.
func (run *build) debug() scribe.Emitter {
	return scribe.Emitter{Logger: scribe.Logger{LeveledLogger: run.builder.Logger.Debug}}
}
