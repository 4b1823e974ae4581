package npminstall

import (
	"path/filepath"

	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Key returns the versions of npm, Node.js, its ABI and Node-API, and the
// settings in the environment and in every .npmrc that npm reads.
func (m *manager) Key() (modules.Key, error) {
	v := m.npm.versions
	key := modules.Key{Versions: []string{v.NPM, v.Node, v.Modules, v.NAPI}, Settings: configOf(m.env)}
	for _, config := range []struct{ whose, path string }{
		{"the project's", filepath.Join(m.project.Dir, projectConfig)}, {"the user's", m.userConfig()}, {"the global", m.globalConfig},
	} {
		settings, err := npmrc.Settings(config.path, m.env)
		if err != nil {
			return modules.Key{}, err
		}
		key.Configuration = append(key.Configuration, append([]string{config.whose}, settings...))
	}
	return key, nil
}

// userConfig returns the path of npm's user configuration, or "".
func (m *manager) userConfig() string {
	if path := npmrc.User(m.env); path != "" {
		return path
	}
	if home := m.env.Get("HOME"); home != "" {
		return filepath.Join(home, projectConfig)
	}
	return ""
}
