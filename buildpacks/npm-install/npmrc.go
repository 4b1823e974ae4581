package npminstall

import (
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/bindings"
	"github.com/armature-cnb/armature/internal/npmconfig"
)

const globalConfigVariable = npmconfig.GlobalVariable

// globalConfig returns the path of npm's global configuration: what
// NPM_CONFIG_GLOBALCONFIG names, in any case of letters, or else the entry .npmrc of the service
// binding with the type npmrc, or nothing.
func globalConfig(env Environ, platformDir string, log scribe.Emitter) (string, error) {
	if path := npmconfig.Global(env); path != "" {
		return path, nil
	}
	found, err := bindings.Find(servicebindings.NewResolver(), platformDir, npmconfig.BindingType)
	if err != nil {
		return "", err
	}
	path, err := npmconfig.Binding(found)
	if err != nil || path == "" {
		return "", err
	}
	log.Process("Loading service binding of type '%s'", npmconfig.BindingType)
	log.Break()
	return path, nil
}
