package yarn

import (
	"github.com/armature-cnb/armature/internal/deps"
)

// ReadInstalled reads the package.json files of what is installed.
func (m *manager) ReadInstalled(dir string) (deps.Graph, bool) {
	installed, err := scan(dir)
	if err != nil || len(installed.Packages) == 0 {
		return deps.Graph{}, false
	}
	return installed.WithScripts(), true
}
