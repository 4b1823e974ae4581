package modules

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// configure gives a layer its environment, in place of any that was restored.
func (e *engine) configure(s spec, layer *packit.Layer) error {
	if s.launch {
		layer.LaunchEnv = e.launchEnvironment(*layer)
		return nil
	}
	if err := os.RemoveAll(filepath.Join(layer.Path, "env.build")); err != nil {
		return fmt.Errorf("removing the environment of the build before: %w", err)
	}
	layer.BuildEnv = packit.Environment{}
	if s.hidden() {
		return nil
	}
	build, _ := e.manager.Environment()
	maps.Copy(layer.BuildEnv, build)
	layer.BuildEnv.Append("PATH", e.commands(*layer), ":")
	return nil
}

// commands are the folders of a layer that have the modules' commands, as in
// PATH: of a workspace its own go first.
func (e *engine) commands(layer packit.Layer) string {
	bins := filepath.Join(layer.Path, nodemodules.Dir, ".bin")
	if own := filepath.Join(e.project.Workspace, nodemodules.Dir); e.project.Workspace != "" && slices.Contains(linksOf(layer), own) {
		bins = filepath.Join(layer.Path, own, ".bin") + ":" + bins
	}
	return bins
}

// linksOf are the links into a layer, as its metadata has them.
func linksOf(layer packit.Layer) []string {
	switch links := layer.Metadata[linksMetadata].(type) {
	case []string:
		return links
	case []any:
		var all []string
		for _, link := range links {
			if text, ok := link.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return []string{nodemodules.Dir}
}

// launchEnvironment is what the layer of the launch gives to the app.
func (e *engine) launchEnvironment(layer packit.Layer) packit.Environment {
	_, launch := e.manager.Environment()
	env := packit.Environment{}
	maps.Copy(env, launch)
	env.Default("NODE_PROJECT_PATH", e.project.Folder)
	env.Append("PATH", e.commands(layer), ":")
	return env
}
