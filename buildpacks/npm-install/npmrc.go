package npminstall

import (
	"fmt"

	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/npmconfig"
)

const globalConfigVariable = npmconfig.GlobalVariable

// globalConfig returns the path of npm's global configuration: what
// NPM_CONFIG_GLOBALCONFIG names, or else the entry .npmrc of the service
// binding with the type npmrc, or nothing.
func globalConfig(env Environ, platformDir string, log scribe.Emitter) (string, error) {
	if path := env.Get(globalConfigVariable); path != "" {
		return path, nil
	}
	bindings, err := servicebindings.NewResolver().Resolve(npmconfig.BindingType, "", platformDir)
	if err != nil {
		return "", fmt.Errorf("reading service bindings: %w", err)
	}
	path, err := npmconfig.Binding(bindings)
	if err != nil || path == "" {
		return "", err
	}
	log.Process("Loading service binding of type '%s'", npmconfig.BindingType)
	log.Break()
	return path, nil
}
