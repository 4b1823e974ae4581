package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// npmLayer is the name of the layer that holds an npm of the app's choice, for
// the build. Its bin folder goes before node-engine's on the PATH.
const npmLayer = "npm"

// projectConfig is the name of npm's configuration in a project or a home folder.
const projectConfig = ".npmrc"

// npmLaunchLayer is the name of the layer with the same npm for the launch.
const npmLaunchLayer = "npm-launch"

// specMetadata is the key in that layer's metadata for what was asked for.
const specMetadata = "spec"

// npmRequest is the version of npm that the app asks for, and where it does.
type npmRequest struct {
	spec, source string
	mild         bool // npm itself would only warn
}

// requestedNPM reads, in this order, BP_NPM_VERSION; packageManager of
// package.json, which names an exact version and may have a digest behind a
// plus sign; and the ranges of devEngines.packageManager and engines.npm, which
// ask for nothing when the npm that is there fits them, nor when they cannot be
// read. Other package managers are of no concern.
func requestedNPM(env environ.List, pkg packagejson.Package, has string) npmRequest {
	if spec := env.Get(settings.NPMVersion); spec != "" {
		return npmRequest{spec: spec, source: settings.NPMVersion}
	}
	if spec, ok := strings.CutPrefix(pkg.PackageManager, "npm@"); ok {
		spec, _, _ = strings.Cut(spec, "+")
		return npmRequest{spec: spec, source: packagejson.FileName + ": packageManager"}
	}
	wanted, _ := pkg.DevEngines.PackageManager.Named("npm")
	for _, request := range []npmRequest{
		{spec: wanted, source: packagejson.FileName + ": devEngines.packageManager"},
		{spec: pkg.Engines.NPM, source: packagejson.FileName + ": engines.npm", mild: true},
	} {
		if refuses(request.spec, has) {
			return request
		}
	}
	return npmRequest{}
}

// refuses tells whether a range can be read and does not have the version.
func refuses(text, version string) bool {
	has, err := semver.NewVersion(version)
	if err != nil || text == "" {
		return false
	}
	wanted, err := npmrange.Parse(text)
	return err == nil && !wanted.Has(has)
}

// tag matches what a version may be called in a registry: "latest".
var tag = regexp.MustCompile(`^[A-Za-z][\w.-]*$`)

// check refuses what is neither a version or a range nor a tag.
func (w npmRequest) check() error {
	if _, err := npmrange.Parse(w.spec); err == nil || tag.MatchString(w.spec) {
		return nil
	}
	return &failure.Failure{
		ID:     "npm-version-invalid",
		Cause:  fmt.Sprintf("%s asks for npm %q, which is neither a version, nor a range, nor a tag", w.source, w.spec),
		Remedy: "give a version (11.6.0), a range (11, ^10.8), or a tag of the registry's (latest).",
	}
}

// explain says of an error who wants that npm, and of a version that is not
// there what would work.
func (w npmRequest) explain(err error) error {
	var f *failure.Failure
	if !errors.As(err, &f) {
		return fmt.Errorf("update of npm failed: %w", err)
	}
	explained := *f
	explained.Cause = fmt.Sprintf("update of npm failed: %s asks for npm %s: %s", w.source, w.spec, f.Cause)
	if f.ID == "package-version-not-found" || f.ID == "package-not-found" {
		explained.Remedy = "choose a version that the registry has: `npm view npm versions` lists them. A mirror may lag behind."
	}
	return &explained
}

// chooseNPM puts the npm that the app asks for in place of the one that was
// found, for the build, and where npm is called at launch for that, too. The
// project's files take no part in that, but for its .npmrc, and are not
// changed.
func (m *manager) chooseNPM(at packit.Layers, atLaunch bool) (layers []packit.Layer, err error) {
	atLaunch = atLaunch || m.env.Get(buildplan.NPMAtLaunchVariable) == "true"
	request := requestedNPM(m.env, m.project.Package, m.npm.versions.NPM)
	if request.spec == "" {
		request = requestedNPM(m.env, m.project.Root, m.npm.versions.NPM)
	}
	if request.spec == "" || request.spec == m.npm.versions.NPM {
		return nil, nil
	}
	if err := request.check(); err != nil {
		return nil, err
	}
	m.log.Process("Choosing npm %s (%s) in place of %s", request.spec, request.source, m.npm.versions.NPM)
	layer, err := at.Get(npmLayer)
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(layer.Path, "bin")
	if m.keepsNPM(layer, request) {
		m.log.Subprocess("Reusing cached layer %s", layer.Path)
		m.log.Break()
	} else if layer, err = m.installNPM(layer, request); err != nil && request.mild {
		m.log.Process("WARNING: going on with npm %s, because another cannot be had: %s", m.npm.versions.NPM, strings.ReplaceAll(err.Error(), "%", "%%"))
		m.log.Break()
		return nil, tree.Remove(filepath.Join(at.Path, npmLayer))
	} else if err != nil {
		return nil, request.explain(err)
	}
	if err := m.configureNPM(filepath.Join(layer.Path, "node_modules", "npm")); err != nil {
		return nil, err
	}
	layer.Build, layer.Cache = true, true
	m.env = m.env.With("PATH", bin+":"+m.env.Get("PATH"))
	if m.npm, err = newNPM(m.npm.env.With("PATH", m.env.Get("PATH")), m.log, m.npm.cache, at.Path); err != nil {
		return nil, err
	}
	layers = []packit.Layer{layer}
	if atLaunch {
		launch, err := m.launchNPM(at, layer)
		if err != nil {
			return nil, err
		}
		layers = append(layers, launch)
	}
	return layers, nil
}

// launchNPM copies the npm of the build into a layer of the app image, without
// the registry of last resort, which is the build's. The lifecycle puts its bin
// folder on the PATH.
func (m *manager) launchNPM(at packit.Layers, from packit.Layer) (packit.Layer, error) {
	layer, err := at.Get(npmLaunchLayer)
	if err != nil {
		return packit.Layer{}, err
	}
	if layer.Metadata[specMetadata] != m.npm.versions.NPM {
		if layer, err = layer.Reset(); err != nil {
			return packit.Layer{}, err
		}
		for _, name := range []string{"bin", "node_modules"} {
			if err := tree.Copy(filepath.Join(from.Path, name), filepath.Join(layer.Path, name)); err != nil {
				return packit.Layer{}, fmt.Errorf("copying npm into the layer %s: %w", npmLaunchLayer, err)
			}
		}
		builtin := filepath.Join(layer.Path, "node_modules", "npm", npmrc.BuiltinFile)
		if err := os.Remove(builtin); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return packit.Layer{}, err
		}
		layer.Metadata = map[string]any{specMetadata: m.npm.versions.NPM}
	}
	layer.Launch = true
	return layer, nil
}

// configureNPM writes the built-in configuration of an npm of the app's choice,
// as node-engine does for the one that comes with Node.js: the registry of last
// resort, and the folder for global packages, which is that of Node.js.
func (m *manager) configureNPM(npm string) error {
	registry, err := npmrc.BuiltinRegistry(m.env.Get)
	if err != nil {
		return err
	}
	path := filepath.Join(npm, npmrc.BuiltinFile)
	text := npmrc.Builtin(registry, m.env.Get("NODE_HOME"))
	if text == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// keepsNPM is true for a layer of the same exact version. A range may mean
// another version by now.
func (m *manager) keepsNPM(layer packit.Layer, request npmRequest) bool {
	if _, err := semver.StrictNewVersion(request.spec); err != nil || layer.Metadata[specMetadata] != request.spec {
		return false
	}
	_, err := os.Stat(filepath.Join(layer.Path, "bin", "npm"))
	return err == nil
}

func (m *manager) installNPM(layer packit.Layer, request npmRequest) (packit.Layer, error) {
	layer, err := layer.Reset()
	if err != nil {
		return packit.Layer{}, err
	}
	if err := m.fetchNPM(layer.Path, request.spec); err != nil {
		return packit.Layer{}, err
	}
	bin := filepath.Join(layer.Path, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return packit.Layer{}, err
	}
	for _, name := range []string{"npm", "npx"} {
		program := filepath.Join("..", "node_modules", "npm", "bin", name+"-cli.js")
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			return packit.Layer{}, fmt.Errorf("installing npm %s: it has no %s: %w", request.spec, name, err)
		}
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			return packit.Layer{}, fmt.Errorf("linking %s: %w", name, err)
		}
	}
	layer.Metadata = map[string]any{specMetadata: request.spec}
	return layer, nil
}

// fetchNPM installs npm into a folder with the configuration of the project.
// npm reads the .npmrc of the folder that it installs into, so the project's
// is there as long as it takes.
func (m *manager) fetchNPM(dir, spec string) (err error) {
	config := filepath.Join(m.project.Dir, projectConfig)
	if _, err := os.Stat(config); err == nil {
		stand := filepath.Join(dir, projectConfig)
		defer func() { err = errors.Join(err, os.RemoveAll(stand)) }()
		if err := tree.CopyFile(config, stand); err != nil {
			return fmt.Errorf("giving npm the project's configuration: %w", err)
		}
	}
	return m.npm.run(dir, "install", "--prefix", dir, "--no-save", "--ignore-scripts", "npm@"+spec)
}
