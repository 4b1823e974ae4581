package npminstall

import (
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

const globalConfigVariable = npmrc.GlobalVariable

// globalConfig returns the path of npm's global configuration: the value of
// NPM_CONFIG_GLOBALCONFIG, in any case, or else the entry .npmrc of the service
// binding with the type npmrc, or "".
func globalConfig(env environ.List, platformDir string, log scribe.Emitter) (string, error) {
	if path := npmrc.Global(env); path != "" {
		return path, nil
	}
	found, err := bindings.Find(servicebindings.NewResolver(), platformDir, npmrc.BindingType)
	if err != nil {
		return "", err
	}
	path, err := npmrc.Binding(found)
	if err != nil || path == "" {
		return "", err
	}
	log.Process("Loading service binding of type '%s'", npmrc.BindingType)
	log.Break()
	return path, nil
}
