package yarn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"go.yaml.in/yaml/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// With Plug'n'Play, packages are archives in .yarn/cache of the project, or folders in
// .yarn/unplugged, and .pnp.cjs says where each is. They are part of the app's folder:
// no layer has them. Node.js loads .pnp.cjs by NODE_OPTIONS, so that the app starts
// without Yarn.

// Folders and files of Yarn in the project.
const (
	ownCache  = ".yarn/cache"
	unplugged = ".yarn/unplugged"
	releases  = ".yarn/releases"
	pnpFile   = ".pnp.cjs"
	pnpData   = ".pnp.data.json"
	pnpLoader = ".pnp.loader.mjs"
)

// findLinker returns the setting nodeLinker, from the first of these that has it: the
// environment, the project's configuration, that of the service binding, the user's.
func (m *manager) findLinker() (string, error) {
	if linker := m.env.Get("YARN_NODE_LINKER"); linker != "" {
		return linker, nil
	}
	for _, path := range []string{m.within(berryConfig), filepath.Join(m.env.Get("HOME"), berryConfig)} {
		text, err := readOptional(path)
		if err != nil {
			return "", err
		}
		var file struct {
			NodeLinker string `yaml:"nodeLinker"`
		}
		if err := yaml.Unmarshal([]byte(text), &file); err != nil {
			return "", &failure.Failure{
				ID: "yarnrc-invalid", Cause: fmt.Sprintf("%s cannot be decoded", path), Err: err,
				Remedy: "correct it: `yarn config` in the project's folder says the same until it is right.",
			}
		}
		if file.NodeLinker != "" {
			return file.NodeLinker, nil
		}
	}
	return "pnp", nil
}

func (m *manager) isPnP() bool { return m.linker == "pnp" }

// pnpOptions are Node.js's options for an app with Plug'n'Play.
func (m *manager) pnpOptions() string {
	options := "--require=" + m.within(pnpFile)
	if tree.Exists(m.within(pnpLoader)) { // for modules of ECMAScript
		options += " --experimental-loader=file://" + m.within(pnpLoader)
	}
	return options
}

// Environment returns the options for Plug'n'Play.
func (m *manager) Environment() (build, launch packit.Environment) {
	build, launch = packit.Environment{}, packit.Environment{}
	if m.isPnP() {
		build.Append("NODE_OPTIONS", m.pnpOptions(), " ")
		launch.Append("NODE_OPTIONS", m.pnpOptions(), " ")
	}
	return build, launch
}

// runUnplugged runs the scripts of unplugged packages. The packages with their
// binaries are in other folders, so that the lockfile tells which these are.
func (m *manager) runUnplugged(runner installscripts.Runner) error {
	allowed := runner.MayRun
	runner.MayRun = func(p installscripts.Package) bool {
		return allowed(p) && (runner.Target == runner.Host || !m.hasBinaries(p.Manifest.Name, p.Manifest.Version, deps.PlatformOf(runner.Target)))
	}
	folders, err := os.ReadDir(m.within(unplugged))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		installed, err := installscripts.Scan(filepath.Join(m.within(unplugged), folder.Name()))
		if err != nil {
			return err
		}
		m.mark(&installed)
		if _, err := runner.Run(installed, installed.ByPackage()); err != nil {
			return err
		}
	}
	return nil
}

// hasBinaries reports whether a package has an optional dependency with binaries for
// a platform.
func (m *manager) hasBinaries(name, version string, want deps.Platform) bool {
	for _, p := range m.lock.graph.Packages {
		if p.Link || p.Name != name || p.Version != version {
			continue
		}
		for optional := range p.OptionalDeps {
			found, ok := m.lock.graph.Resolve(p.Path, optional)
			if ok && found.Link {
				found, ok = m.lock.graph.Package(found.To)
			}
			if ok && found.IsBinaryFor(want) {
				return true
			}
		}
	}
	return false
}

// inPnP matches an archive or an unplugged folder that .pnp.cjs names.
var inPnP = regexp.MustCompile(`\.yarn/(cache|unplugged)/([^/"'\\]+)`)

// trimPnP removes from the project's cache, and from what is unplugged, all that
// .pnp.cjs does not name, and Yarn's own files.
func (m *manager) trimPnP() error {
	named := map[string]bool{}
	for _, file := range []string{pnpFile, pnpData} {
		text, err := readOptional(m.within(file))
		if err != nil {
			return err
		}
		for _, found := range inPnP.FindAllStringSubmatch(text, -1) {
			named[filepath.Join(".yarn", found[1], found[2])] = true
		}
	}
	for _, dir := range []string{ownCache, unplugged} {
		entries, err := os.ReadDir(m.within(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			if !named[filepath.Join(dir, entry.Name())] {
				if err := os.RemoveAll(m.within(filepath.Join(dir, entry.Name()))); err != nil {
					return fmt.Errorf("removing what %s does not name: %w", pnpFile, err)
				}
			}
		}
	}
	return errors.Join(os.RemoveAll(m.within(".yarn/install-state.gz")), os.RemoveAll(m.within(".yarn/build-state.yml")), m.removeNotes())
}

// leaveOut removes Yarn's program and cache from the app, which the app image does
// not need: the program unless the app calls it, the cache unless it holds the
// packages.
func (m *manager) leaveOut() error {
	if m.project.Folder == "" || m.lock.graph.File == "" {
		return nil
	}
	var all []error
	if !m.atLaunch {
		all = append(all, os.RemoveAll(m.within(releases)))
	}
	if !m.isPnP() && !m.classic() {
		all = append(all, os.RemoveAll(m.within(ownCache)), os.RemoveAll(m.within(unplugged)))
	}
	all = append(all, removeEmpty(m.within(".yarn")))
	return errors.Join(all...)
}

// removeEmpty removes a folder if nothing is in it.
func removeEmpty(dir string) error {
	err := os.Remove(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "not empty") {
		return nil
	}
	return err
}
