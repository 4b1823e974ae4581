package nodeengine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/files/archive"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Names of the layers.
const (
	launchLayer      = "node"
	buildLayer       = "node-build"
	certificateLayer = "ca-certificates"
)

// helpers are the programs that run before the app's process: in the
// buildpack's bin/<os>-<arch> folder.
var helpers = []string{"node-options"}

// installation is one Node.js layer that the plan requires.
type installation struct {
	distribution.Need
	name     string
	layers   packit.Layers
	key      map[string]any // everything that the layer's content depends on; stored as its metadata
	dirs     []string       // folders of the release to unpack beside bin/node and LICENSE
	contents string         // what is in it, for the log
	why      string         // the reason for extra content, for the log; may be empty
	registry string         // for npm's built-in configuration; may be empty, may have a password
	passing  bool           // for this build only; may link to the buildpack's files
	finish   func(layer *packit.Layer, found distribution.Found)
}

// wanted lists the installations that the plan requires.
func (run *build) wanted() ([]installation, error) {
	var all []installation
	if run.demand.AtLaunch {
		atLaunch, err := run.atLaunch()
		if err != nil {
			return nil, err
		}
		all = append(all, atLaunch)
	}
	if run.demand.AtBuild {
		all = append(all, run.duringBuild())
	}
	return all, nil
}

// atLaunch returns the launch layer: as little as possible, for the target.
func (run *build) atLaunch() (installation, error) {
	programs := run.helpers()
	digest, err := digestOf(programs)
	if err != nil {
		return installation{}, err
	}
	i := installation{
		Need:   distribution.Need{Release: run.launched, NPM: run.demand.NPMAtLaunch},
		name:   launchLayer,
		layers: run.context.Layers,
		key: run.key(run.launched, map[string]any{
			"npm": fmt.Sprint(run.demand.NPMAtLaunch), "helpers": digest, "optimize-memory": run.optimize, "build": false, "launch": true,
		}),
		contents: fmt.Sprintf("node for %s", run.target),
		finish: func(layer *packit.Layer, _ distribution.Found) {
			layer.Launch = true
			layer.LaunchEnv = environment(layer.Path)
			maps.Copy(layer.LaunchEnv, run.launchEnvironment())
			layer.ExecD = programs
		},
	}
	if run.demand.NPMAtLaunch {
		i.contents = fmt.Sprintf("node and npm for %s", run.target)
		i.why = "npm is there because an entry of the plan wants it at launch"
		switch {
		case run.npmBecause != "":
			i.why = "npm is there because of " + run.npmBecause
		case run.demand.NPMSource != "":
			i.why += " (" + run.demand.NPMSource + ")"
		}
	}
	return i, nil
}

// helpers returns the paths of the programs that run before the app's process.
func (run *build) helpers() []string {
	programs := make([]string, len(helpers))
	for i, helper := range helpers {
		programs[i] = filepath.Join(run.context.CNBPath, "bin", run.target.Dashed(), helper)
	}
	return programs
}

// launchEnvironment returns the variables that the helpers read, besides the
// user's.
func (run *build) launchEnvironment() packit.Environment {
	env := packit.Environment{}
	switch run.optimize {
	case "true":
		env.Default("OPTIMIZE_MEMORY", "true")
	case "false":
		env.Default("BPL_NODE_OPTIMIZE_MEMORY", "false")
	}
	return env
}

// duringBuild returns the layer for later buildpacks, with npm and headers, for
// the host.
func (run *build) duringBuild() installation {
	why := ""
	if run.registry != "" {
		why = "npm takes packages from the registry of " + npmrc.BuiltinVariable + " when its configuration names none"
	}
	return installation{
		Need:     distribution.Need{Release: run.built, NPM: true},
		name:     buildLayer,
		layers:   run.context.Layers,
		registry: run.registry,
		passing:  true,
		why:      why,
		key:      run.key(run.built, map[string]any{"npm-registry": digestOfText(run.registry), "build": true, "launch": false}),
		dirs:     []string{"include"},
		contents: fmt.Sprintf("node, npm %s and headers for %s, for the build", run.built.NPMVersion, run.builder.Host),
		finish: func(layer *packit.Layer, found distribution.Found) {
			layer.Build = true
			// Making it again is cheaper than restoring it; downloading is not.
			layer.Cache = found.Source != distribution.Baked
			layer.BuildEnv = environment(layer.Path)
			run.exportNPM(layer)
		},
	}
}

// install unpacks into a folder next to the layer, and renames it into place
// when complete.
func (i installation) install(ctx context.Context, found distribution.Found) (packit.Layer, error) {
	temp, err := os.MkdirTemp(i.layers.Path, "."+i.name+"-*")
	if err != nil {
		return packit.Layer{}, fetch.DiskFull("making the layer "+i.name, err)
	}
	defer os.RemoveAll(temp) // no effect after the rename
	err = os.Chmod(temp, 0o755)
	if err == nil {
		err = i.fill(ctx, temp, found)
	}
	if err != nil {
		return packit.Layer{}, fmt.Errorf("installing Node.js %s into the layer %s: %w", i.Release.Version, i.name, err)
	}
	layer, err := emptyLayer(i.layers, i.name)
	if err == nil {
		err = errors.Join(os.Remove(layer.Path), os.Rename(temp, layer.Path))
	}
	if err != nil {
		return packit.Layer{}, err
	}
	layer.Metadata = i.key
	i.finish(&layer, found)
	return layer, nil
}

// emptyLayer returns a layer without anything that an earlier build left there.
func emptyLayer(layers packit.Layers, name string) (packit.Layer, error) {
	return packit.Layer{Name: name, Path: filepath.Join(layers.Path, name)}.Reset()
}

// npmHome is the path of npm in a release, and in a layer.
const npmHome = "lib/node_modules/npm"

// fill puts Node.js into a folder, and npm if needed, from the same archive or
// its own.
func (i installation) fill(ctx context.Context, dir string, found distribution.Found) error {
	var prefix string
	if i.passing && found.Unpacked {
		prefix = filepath.Join(i.layers.Path, i.name)
		if err := linkRelease(found, dir); err != nil {
			return err
		}
	} else if err := i.copy(ctx, found, dir); err != nil {
		return err
	}
	if !i.NPM {
		return nil
	}
	if err := i.configureNPM(dir, prefix); err != nil {
		return err
	}
	return linkCommands(dir)
}

// copy unpacks an archive, or copies an unpacked one.
func (i installation) copy(ctx context.Context, found distribution.Found, dir string) error {
	selection := archive.Selection{
		Files: map[string]string{"bin/node": "bin/node", "LICENSE": "LICENSE"},
		Dirs:  map[string]string{},
		Skip:  distribution.ForeignHeader,
	}
	for _, name := range i.dirs {
		selection.Dirs[name] = name
	}
	if i.NPM && found.NPM == "" {
		selection.Dirs[npmHome] = npmHome
	}
	if err := archive.Unpack(ctx, found.Node, dir, selection); err != nil || found.NPM == "" {
		return err
	}
	return archive.Unpack(ctx, found.NPM, dir, archive.Selection{Dirs: map[string]string{"": npmHome}})
}

// configureNPM writes npm's built-in configuration, which every other npmrc
// file and variable overrides: the registry, and the prefix for global packages
// if it differs from node's own folder.
func (i installation) configureNPM(dir, prefix string) error {
	text := npmrc.Builtin(i.registry, prefix)
	if text == "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(dir, npmHome, npmrc.BuiltinFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// linkCommands links npm and npx next to node, as in nodejs.org's releases.
func linkCommands(dir string) error {
	for _, name := range []string{"npm", "npx"} {
		program := filepath.Join(npmHome, "bin", name+"-cli.js")
		if err := os.Chmod(filepath.Join(dir, program), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join("..", program), filepath.Join(dir, "bin", name)); err != nil {
			return err
		}
	}
	return nil
}

// environment returns a Node.js layer's defaults for the environment.
func environment(home string) packit.Environment {
	env := packit.Environment{}
	env.Default("NODE_HOME", home)
	env.Default("NODE_ENV", "production")
	env.Default("NODE_VERBOSE", "false")
	env.Default("NODE_OPTIONS", "--use-openssl-ca")
	return env
}
