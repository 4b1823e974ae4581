package npmstart

import (
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/imagesettings"
)

// logLaunchEnvironment logs, with BP_LOG_LEVEL=DEBUG, the variables that this
// buildpack sets for the app; the user's without values.
func logLaunchEnvironment(log scribe.Emitter, own map[string]string, given map[string]string) {
	log.Debug.Process("Environment of the launch:")
	for _, file := range sortedNames(own) {
		log.Debug.Subprocess("%s: %q", file, own[file])
	}
	for _, file := range sortedNames(given) {
		log.Debug.Subprocess("%s: (as %s… says)", file, imagesettings.VariablePrefix)
	}
	log.Debug.Break()
}
