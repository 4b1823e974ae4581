package yarn

import (
	"errors"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

func (m *manager) installBerry(p modules.Part) error { return errors.New("not yet") }

func (m *manager) berryRule() (*scriptRule, error) { return &scriptRule{}, nil }

func (m *manager) berryEnvironment(env environ.List) environ.List { return env }

// homeFiles returns the files of HOME for a part; nil for scripts.
func (m *manager) homeFiles(p *modules.Part) (map[string]string, error) {
	if m.classic() {
		return m.classicFiles()
	}
	return map[string]string{}, nil
}
