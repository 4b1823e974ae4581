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
	graph := installed.Graph()
	scripted := map[string]bool{}
	for _, one := range installed.Packages {
		scripted[one.Path] = one.Command("preinstall")+one.Command("install")+one.Command("postinstall") != ""
	}
	for i := range graph.Packages {
		graph.Packages[i].HasInstallScript = scripted[graph.Packages[i].Path]
	}
	return graph, true
}
