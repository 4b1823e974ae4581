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

// installation is one layer of Node.js that is wanted.
type installation struct {
	distribution.Need
	name     string
	layers   packit.Layers
	key      map[string]any // everything that the layer's content comes from; kept as its metadata
	dirs     []string       // folders of the release to unpack beside bin/node and LICENSE
	contents string         // what is in it, for the log
	why      string         // why more is in it than usual, for the log; may be empty
	registry string         // what npm's built-in configuration is to name; may be empty, may hold a password
	passing  bool           // is of this build only, and may lead to files of the buildpack's
	finish   func(layer *packit.Layer, found distribution.Found)
}

// wanted lists the installations that the plan asks for.
func (run *build) wanted() ([]installation, error) {
	var all []installation
	if run.AtLaunch {
		atLaunch, err := run.atLaunch()
		if err != nil {
			return nil, err
		}
		all = append(all, atLaunch)
	}
	if run.AtBuild {
		all = append(all, run.duringBuild())
	}
	return all, nil
}

// atLaunch is the layer for the app image: as little as possible, for the
// target.
func (run *build) atLaunch() (installation, error) {
	programs := run.helpers()
	digest, err := digestOf(programs)
	if err != nil {
		return installation{}, err
	}
	i := installation{
		Need:   distribution.Need{Release: run.launched, NPM: run.NPMAtLaunch},
		name:   launchLayer,
		layers: run.Layers,
		key: run.key(run.launched, map[string]any{
			"npm": fmt.Sprint(run.NPMAtLaunch), "helpers": digest, "optimize-memory": run.optimize, "build": false, "launch": true,
		}),
		contents: fmt.Sprintf("node for %s", run.target),
		finish: func(layer *packit.Layer, _ distribution.Found) {
			layer.Launch = true
			layer.LaunchEnv = environment(layer.Path)
			maps.Copy(layer.LaunchEnv, run.launchEnvironment())
			layer.ExecD = programs
		},
	}
	if run.NPMAtLaunch {
		i.contents = fmt.Sprintf("node and npm for %s", run.target)
		i.why = "npm is there because an entry of the plan wants it at launch"
		switch {
		case run.npmBecause != "":
			i.why = "npm is there because of " + run.npmBecause
		case run.NPMSource != "":
			i.why += " (" + run.NPMSource + ")"
		}
	}
	return i, nil
}

// helpers are the paths of the programs that run before the app's process.
func (run *build) helpers() []string {
	programs := make([]string, len(helpers))
	for i, helper := range helpers {
		programs[i] = filepath.Join(run.CNBPath, "bin", run.target.Dashed(), helper)
	}
	return programs
}

// launchEnvironment is what the helpers read, beside what the user sets.
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

// duringBuild is the layer for the buildpacks that follow: npm and headers
// too, for the host.
func (run *build) duringBuild() installation {
	why := ""
	if run.registry != "" {
		why = "npm takes packages from the registry of " + npmrc.BuiltinVariable + " when its configuration names none"
	}
	return installation{
		Need:     distribution.Need{Release: run.built, NPM: true},
		name:     buildLayer,
		layers:   run.Layers,
		registry: run.registry,
		passing:  true,
		why:      why,
		key:      run.key(run.built, map[string]any{"npm-registry": digestOfText(run.registry), "build": true, "launch": false}),
		dirs:     []string{"include"},
		contents: fmt.Sprintf("node, npm %s and headers for %s, for the build", run.built.NPMVersion, run.Host),
		finish: func(layer *packit.Layer, found distribution.Found) {
			layer.Build = true
			// Making it again is cheaper than restoring, downloading is not.
			layer.Cache = found.Source != distribution.Baked
			layer.BuildEnv = environment(layer.Path)
			run.tellOfNPM(layer)
		},
	}
}

// install unpacks into a folder beside the layer's, and puts it in its place
// when it is whole.
func (i installation) install(ctx context.Context, found distribution.Found) (packit.Layer, error) {
	layer, err := i.layers.Get(i.name)
	if err != nil {
		return packit.Layer{}, err
	}
	temp, err := os.MkdirTemp(i.layers.Path, "."+i.name+"-*")
	if err != nil {
		return packit.Layer{}, fetch.DiskFull("making the layer "+i.name, err)
	}
	defer os.RemoveAll(temp) // does nothing once renamed
	if err := os.Chmod(temp, 0o755); err != nil {
		return packit.Layer{}, err
	}
	if err := i.fill(ctx, temp, found); err != nil {
		return packit.Layer{}, fmt.Errorf("installing Node.js %s into the layer %s: %w", i.Release.Version, i.name, err)
	}
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, err
	}
	if err := os.Remove(layer.Path); err != nil {
		return packit.Layer{}, err
	}
	if err := os.Rename(temp, layer.Path); err != nil {
		return packit.Layer{}, err
	}
	layer.Metadata = i.key
	i.finish(&layer, found)
	return layer, nil
}

// npmHome is where npm lies in a release, and in a layer.
const npmHome = "lib/node_modules/npm"

// fill puts Node.js into a folder, and npm when it is needed, from its own
// archive or from the same.
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

// copy unpacks, or copies what is unpacked.
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
// file and variable goes before: the registry, and the folder for global
// packages where it is not the one that node itself is in.
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

// linkCommands puts npm and npx beside node, as the releases of nodejs.org
// have them.
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

// environment is what a layer of Node.js sets, unless the user did.
func environment(home string) packit.Environment {
	env := packit.Environment{}
	env.Default("NODE_HOME", home)
	env.Default("NODE_ENV", "production")
	env.Default("NODE_VERBOSE", "false")
	env.Default("NODE_OPTIONS", "--use-openssl-ca")
	return env
}
