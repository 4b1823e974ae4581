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

// npmLayer is the name of the layer with the app's requested npm for the build.
// Its bin folder precedes node-engine's on the PATH.
const npmLayer = "npm"

// projectConfig is the name of npm's configuration in a project or a home folder.
const projectConfig = ".npmrc"

// npmLaunchLayer is the name of the layer with the same npm for the launch.
const npmLaunchLayer = "npm-launch"

// specMetadata is the key in that layer's metadata for what was asked for.
const specMetadata = "spec"

// npmRequest is the version of npm that the app requests, and the source of the
// request.
type npmRequest struct {
	spec, source string
	mild         bool // npm itself would only warn
}

// requestedNPM reads, in this order, BP_NPM_VERSION; packageManager of
// package.json, which names an exact version with an optional digest after a plus
// sign; and the ranges of devEngines.packageManager and engines.npm, which
// request nothing if the present npm satisfies them, or if they are invalid. It
// ignores other package managers.
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

// refuses reports whether a range is valid and excludes the version.
func refuses(text, version string) bool {
	has, err := semver.NewVersion(version)
	if err != nil || text == "" {
		return false
	}
	wanted, err := npmrange.Parse(text)
	return err == nil && !wanted.Has(has)
}

// tag matches a registry's name for a version: "latest".
var tag = regexp.MustCompile(`^[A-Za-z][\w.-]*$`)

// check refuses everything but a version, a range or a tag.
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

// explain adds the source of the request to an error, and for a missing version a
// remedy.
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

// chooseNPM replaces the npm on the PATH with the one that the app requests, for
// the build, and for the launch if npm is called there. Of the project's files
// only .npmrc matters, and none is changed.
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
		m.log.Process("WARNING: going on with npm %s, because another cannot be had: %s", m.npm.versions.NPM, err.Error())
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

// launchNPM copies the build's npm into a layer of the app image, without the
// default registry, which is for the build only. The lifecycle puts its bin
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

// configureNPM writes the built-in configuration of a requested npm, as
// node-engine does for Node.js's own: the default registry, and Node.js's folder
// for global packages.
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

// keepsNPM is true for a layer with the same exact version. A range may now
// select another version.
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

// fetchNPM installs npm into a folder with the configuration of the project: npm
// reads the .npmrc of the target folder, so the project's is copied there during
// the install.
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
