package npminstall

import (
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
)

// describe says with BP_LOG_LEVEL=DEBUG what environment the layers give to
// later buildpacks and to the app, and which of them a bill of materials covers.
func (b *build) describe(layers []packit.Layer) {
	for _, layer := range layers {
		launch := layer.LaunchEnv
		if layer.Name == launchLayer && len(launch) == 0 { // reused: the previous image has it
			launch = b.launchEnvironment(layer)
		}
		b.describeEnvironment("build", layer.BuildEnv)
		b.describeEnvironment("launch", launch)
		if layer.SBOM == nil {
			continue
		}
		b.log.Debug.Process("Generating SBOM for %s", layer.Path)
		b.log.Debug.Subprocess("Formats: %s", strings.Join(b.context.BuildpackInfo.SBOMFormats, ", "))
		b.log.Debug.Break()
	}
}

func (b *build) describeEnvironment(phase string, env packit.Environment) {
	if len(env) == 0 {
		return
	}
	b.log.Debug.Process("Configuring %s environment", phase)
	b.log.Debug.Subprocess("%s", scribe.NewFormattedMapFromEnvironment(env))
	b.log.Debug.Break()
}

// launchEnvironment is what the layer of the launch gives to the app.
func (b *build) launchEnvironment(layer packit.Layer) packit.Environment {
	env := packit.Environment{}
	env.Default("NPM_CONFIG_LOGLEVEL", b.npm.env.Get("NPM_CONFIG_LOGLEVEL"))
	env.Default("NODE_PROJECT_PATH", b.projectDir)
	env.Append("PATH", b.commands(layer), ":")
	return env
}

// warnOfNodeEnv says that NODE_ENV of the build does not decide what is
// installed.
func (b *build) warnOfNodeEnv(p plan) {
	if b.env.Get("NODE_ENV") != "development" || !p.launch || len(b.pkg.DevDependencies) == 0 || hasConfig(b.env, "include") {
		return
	}
	b.log.Process("WARNING: NODE_ENV=development keeps no devDependencies in the app image: they are left out whatever it is")
	b.log.Subprocess("NPM_CONFIG_INCLUDE=dev for the build keeps them. Build scripts and later buildpacks have them in any case.")
	b.log.Break()
}
