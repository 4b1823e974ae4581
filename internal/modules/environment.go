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

// configure sets a layer's environment, replacing a restored one.
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

// commands returns the folders of a layer that have the modules' commands, in the
// format of PATH: a workspace's own come first.
func (e *engine) commands(layer packit.Layer) string {
	bins := filepath.Join(layer.Path, nodemodules.Dir, ".bin")
	if own := filepath.Join(e.project.Workspace, nodemodules.Dir); e.project.Workspace != "" && slices.Contains(linksOf(layer), own) {
		bins = filepath.Join(layer.Path, own, ".bin") + ":" + bins
	}
	return bins
}

// linksOf returns the links into a layer, from its metadata.
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

// launchEnvironment returns the launch layer's environment for the app.
func (e *engine) launchEnvironment(layer packit.Layer) packit.Environment {
	_, launch := e.manager.Environment()
	env := packit.Environment{}
	maps.Copy(env, launch)
	env.Default("NODE_PROJECT_PATH", e.project.Folder)
	env.Append("PATH", e.commands(layer), ":")
	return env
}
