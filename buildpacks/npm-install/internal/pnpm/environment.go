package pnpm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// projectConfig is pnpm's configuration in the project's folder.
const projectConfig = ".npmrc"

// quiet are settings, by their names in variables, with which pnpm runs a script
// without looking at the lockfile and without fetching another version of itself.
var quiet = map[string]string{
	"verify_deps_before_run":          "false",
	"manage_package_manager_versions": "false", // up to pnpm 10
	"package_manager_strict":          "false", // up to pnpm 10
	"pm_on_fail":                      "ignore",
	"update_notifier":                 "false",
}

// withConfig returns a copy of an environment with a setting of pnpm's, for a
// version that reads variables with a prefix. pnpm reads variables in any case.
func withConfig(e environ.List, prefix, name, value string) environ.List {
	variable := prefix + name
	kept := slices.DeleteFunc(slices.Clone(e), func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		return strings.EqualFold(key, variable)
	})
	return append(kept, variable+"="+value)
}

// hasConfig reports whether the environment has a value for a setting, in any case.
func hasConfig(e environ.List, prefix, name string) bool {
	return slices.ContainsFunc(e, func(pair string) bool {
		key, value, _ := strings.Cut(pair, "=")
		return strings.EqualFold(key, prefix+name) && value != ""
	})
}

// keepsDev reports whether the user keeps devDependencies in the app image, as with
// npm.
func (m *Manager) keepsDev() bool {
	for _, pair := range m.env {
		if key, value, _ := strings.Cut(pair, "="); strings.EqualFold(key, "npm_config_include") {
			return slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }), "dev")
		}
	}
	return false
}

// bindingConfig returns the path of the npmrc that NPM_CONFIG_GLOBALCONFIG names, or
// else that of the service binding with the type npmrc, or "".
func bindingConfig(env environ.List, platformDir string, log scribe.Emitter) (string, error) {
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

// userConfig returns the path of the user's npmrc, which may be missing, or "".
func userConfig(env environ.List) string {
	if path := npmrc.User(env); path != "" {
		return path
	}
	if home := env.Get("HOME"); home != "" {
		return filepath.Join(home, projectConfig)
	}
	return ""
}

// writeConfig writes the binding's and the user's npmrc into one file, of which the
// user's settings count, and returns its path; "" without any. Every version of pnpm
// reads one that NPM_CONFIG_USERCONFIG names, and pnpm 11 and later no global one.
func (m *Manager) writeConfig(dir string) (string, error) {
	var text []byte
	for _, path := range []string{m.npmrc, userConfig(m.env)} {
		if path == "" {
			continue
		}
		one, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("reading pnpm's configuration: %w", err)
		}
		if len(one) > 0 {
			text = append(append(text, one...), '\n')
		}
	}
	if len(text) == 0 {
		return "", nil
	}
	path := filepath.Join(dir, projectConfig)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("writing pnpm's configuration: %w", err)
	}
	return path, nil
}
