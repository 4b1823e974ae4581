package npminstall

import (
	"fmt"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
)

const (
	globalConfigVariable = "NPM_CONFIG_GLOBALCONFIG"
	npmrcBinding         = "npmrc"
	npmrcEntry           = ".npmrc"
)

// globalConfig returns the path of npm's global configuration: what
// NPM_CONFIG_GLOBALCONFIG names, or else the entry .npmrc of the service
// binding with the type npmrc, or nothing.
func globalConfig(env Environ, platformDir string, log scribe.Emitter) (string, error) {
	if path := env.Get(globalConfigVariable); path != "" {
		return path, nil
	}
	bindings, err := servicebindings.NewResolver().Resolve(npmrcBinding, "", platformDir)
	if err != nil {
		return "", fmt.Errorf("reading service bindings: %w", err)
	}
	switch len(bindings) {
	case 0:
		return "", nil
	case 1:
	default:
		return "", &failure.Failure{
			ID:     "npmrc-binding-invalid",
			Cause:  fmt.Sprintf("there are %d service bindings of the type %s, want one at most", len(bindings), npmrcBinding),
			Remedy: "keep one of them, with everything in it that npm needs.",
		}
	}
	if _, ok := bindings[0].Entries[npmrcEntry]; !ok {
		return "", &failure.Failure{
			ID:     "npmrc-binding-invalid",
			Cause:  fmt.Sprintf("the service binding %q of the type %s has no entry %s", bindings[0].Name, npmrcBinding, npmrcEntry),
			Remedy: fmt.Sprintf("put npm's configuration into its entry %s.", npmrcEntry),
		}
	}
	log.Process("Loading service binding of type '%s'", npmrcBinding)
	log.Break()
	return filepath.Join(bindings[0].Path, npmrcEntry), nil
}
