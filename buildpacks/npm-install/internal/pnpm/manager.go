package pnpm

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/pnpmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Names of pnpm's own files in node_modules.
const (
	modulesFile   = ".modules.yaml"
	stateFile     = ".pnpm-workspace-state-v1.json" // since pnpm 10
	oldStateFile  = ".pnpm-workspace-state.json"
	installedLock = pnpmlock.StoreDir + "/lock.yaml"
)

// installScripts are a project's scripts that pnpm runs on install, in order.
var installScripts = []string{"pnpm:devPreinstall", "preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"}

// Manager is pnpm in one build. It is a [modules.Manager].
type Manager struct {
	env      environ.List
	log      scribe.Emitter
	request  programs.Request
	line     int // release line of pnpm
	project  *modules.Project
	settings choices
	pnpm     pnpm
	npmrc    string // path of the npmrc of a binding, or empty
	opened   bool   // the store is unpacked
	atLaunch bool   // the app calls pnpm

	saidIgnored bool // that no install script runs
}

// New returns a manager for the requested version of pnpm.
func New(env environ.List, log scribe.Emitter, request programs.Request) modules.Manager {
	m := &Manager{env: env, log: log, request: request}
	if v, err := parseVersion(request.Version); err == nil {
		m.line = v.line()
	}
	return m
}

// Words are pnpm's names for things.
func (m *Manager) Words() modules.Words {
	return modules.Words{
		Name: "pnpm", CacheLayer: "pnpm-store", VendoredCache: ".pnpm-store", Lockfiles: []string{pnpmlock.FileName},
		Configuration: projectConfig, Notes: []string{modulesFile, stateFile, oldStateFile}, FolderScripts: func(string) []string { return installScripts },
		KeepDev: "NPM_CONFIG_INCLUDE=dev", Relock: "delete pnpm-lock.yaml, run `pnpm install --lockfile-only`",
	}
}

// ReadLock reads pnpm-lock.yaml.
func (m *Manager) ReadLock(dir string) (deps.Graph, bool, error) {
	graph, found, err := pnpmlock.Read(dir, m.line)
	graph.Virtual = found && m.isHoisted(dir)
	return m.withScripts(graph), found, err
}

// ReadInstalled reads pnpm's copy of the lockfile in node_modules, or if that does not
// tell the folders, the package.json files there.
func (m *Manager) ReadInstalled(dir string) (deps.Graph, bool) {
	if m.isHoisted(dir) {
		tree, err := m.scan(dir)
		return tree.WithScripts(), err == nil && len(tree.Packages) > 0
	}
	text, err := regular.ReadFile(filepath.Join(dir, nodemodules.Dir, installedLock))
	if err != nil {
		return deps.Graph{}, false
	}
	graph, err := pnpmlock.Parse(text, m.line)
	return m.withScripts(graph), err == nil
}

// withScripts marks the packages that may have install scripts, which lockfiles of
// version 9 do not.
func (m *Manager) withScripts(graph deps.Graph) deps.Graph {
	if graph.Version < 9 {
		return graph
	}
	for i := range graph.Packages {
		p := &graph.Packages[i]
		p.HasInstallScript = !p.Link && p.InNodeModules()
	}
	return graph
}

// Inspect installs by the lockfile if there is one.
func (m *Manager) Inspect(p *modules.Project) (method modules.Method, err error) {
	m.project = p
	if err := m.removeModules(); err != nil {
		return method, err
	}
	method = modules.Method{Kind: modules.Resolved, Name: "pnpm install", KeepsDev: m.keepsDev()}
	if p.Lock.File != "" {
		method.Kind, method.Name = modules.Frozen, "pnpm install --frozen-lockfile"
	}
	return method, nil
}

// removeModules removes node_modules of the app: pnpm has what is in there, too, and
// links to places on the developer's machine.
func (m *Manager) removeModules() error {
	for _, folder := range append([]string{""}, m.project.Lock.Folders()...) {
		place := filepath.Join(m.project.Dir, folder, nodemodules.Dir)
		info, err := os.Lstat(place)
		if err != nil || !filepath.IsLocal(filepath.Join(".", folder)) {
			continue
		}
		if info.IsDir() {
			m.log.Process("Leaving out %s of the app: pnpm makes it anew from the lockfile", filepath.Join(folder, nodemodules.Dir))
			m.log.Break()
		}
		if err := tree.Remove(place); err != nil {
			return fmt.Errorf("leaving out %s: %w", place, err)
		}
	}
	return nil
}

// Describe logs the result of Inspect.
func (m *Manager) Describe() error {
	m.log.Process("Resolving installation process")
	found := "Not found"
	if m.project.Lock.File != "" {
		found = "Found"
	}
	m.log.Subprocess("%s -> %q", pnpmlock.FileName, found)
	m.log.Break()
	return nil
}

// Prepare gets the program, and reads pnpm's settings.
func (m *Manager) Prepare(context packit.BuildContext, downloads *modules.Downloads, atLaunch bool) (layers []packit.Layer, err error) {
	program, layers, err := m.request.Get(context, m.env, m.log, m.project.Dir, atLaunch)
	if err != nil {
		return nil, err
	}
	if m.npmrc, err = bindingConfig(m.env, context.Platform.Path, m.log); err != nil {
		return nil, err
	}
	if m.pnpm, err = newPNPM(m.env, m.log, program, downloads); err != nil {
		return nil, err
	}
	m.atLaunch = atLaunch || len(layers) > 1 // with one for the launch
	m.settings, err = readSettings(m.project.Dir, m.pnpm.version)
	return layers, err
}

// Unmet is for vendored modules, which pnpm does not have.
func (m *Manager) Unmet() ([]string, error) { return nil, nil }

// Repair returns nothing: pnpm's lockfiles have no such gaps.
func (m *Manager) Repair([]deps.Gap) (string, error) { return "", nil }

// Environment lets scripts call pnpm without another install.
func (m *Manager) Environment() (build, launch packit.Environment) {
	build, launch = packit.Environment{}, packit.Environment{}
	for name, value := range quiet {
		variable := m.pnpm.version.prefix() + name
		build.Default(variable, value)
		if m.atLaunch {
			launch.Default(variable, value)
		}
	}
	return build, launch
}
