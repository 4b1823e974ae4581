package bun

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Key returns the versions of Bun, Node.js, its ABI and Node-API, and the settings
// in the environment, in bunfig.toml, and in every .npmrc that Bun reads.
func (m *manager) Key() (modules.Key, error) {
	key := modules.Key{Versions: []string{"bun " + m.program.Version, m.node.Node, m.node.Modules, m.node.NAPI}, Settings: settingsOf(m.env)}
	for _, config := range []struct{ whose, path string }{
		{"the project's", filepath.Join(m.project.Dir, ".npmrc")}, {"the user's", m.config.user}, {"the global", m.config.binding},
	} {
		settings, err := npmrc.Settings(config.path, m.env)
		if err != nil {
			return modules.Key{}, err
		}
		key.Configuration = append(key.Configuration, append([]string{config.whose}, settings...))
	}
	settings, err := bunfig(filepath.Join(m.project.Dir, configFile))
	key.Configuration = append(key.Configuration, append([]string{configFile}, settings...))
	if m.config.bunfig != "" {
		key.Configuration = append(key.Configuration, append([]string{bindingType}, settingsIn(m.config.bunfig)...))
	}
	return key, err
}

// ignored are variables that are paths, or that this package sets.
var ignored = []string{"userconfig", "globalconfig", "cache", "logs_dir", "tmp"}

// settingsOf returns the variables that Bun reads as settings, sorted, without
// credentials and paths.
func settingsOf(env environ.List) (all []string) {
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		key, isNPMs := strings.CutPrefix(strings.ToLower(name), "npm_config_")
		isBuns := strings.HasPrefix(name, "BUN_CONFIG_")
		if !isNPMs && !isBuns || npmrc.IsCredential(key) || slices.Contains(ignored, strings.ReplaceAll(key, "-", "_")) {
			continue
		}
		all = append(all, name+"="+npmrc.WithoutLogin(value))
	}
	slices.Sort(all)
	return all
}
