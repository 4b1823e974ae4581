package yarn

import (
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
)

// manager is Yarn in one build. It is a [modules.Manager].
type manager struct {
	env      environ.List
	log      scribe.Emitter
	request  programs.Request
	project  *modules.Project
	read     map[string]lockfile // by folder
	lock     lockfile            // the project's
	yarn     programs.Program
	node     versions
	config   configuration
	cache    *modules.Downloads
	facts    berryFacts
	linker   string          // of Yarn 2 and later: "node-modules", "pnp", "pnpm"
	atLaunch bool            // the app calls Yarn when it starts
	warned   bool            // of skipped scripts
	targets  []deps.Platform // of the installs

	saidIgnored bool // that no install script runs
}

// New returns Yarn as a manager.
func New(env environ.List, log scribe.Emitter, request programs.Request) modules.Manager {
	return &manager{env: env, log: log, request: request, read: map[string]lockfile{}}
}

// lockfile is a yarn.lock, and what it says about the package.json files.
type lockfile struct {
	yarnlock.Lock
	found   bool
	graph   deps.Graph
	missing []yarnlock.Missing
	folders []string // of workspaces
}

// classic reports whether the manager is Yarn 1.
func (m *manager) classic() bool {
	for _, version := range []string{m.yarn.Version, m.request.Version} {
		if version != "" {
			return majorOf(version) == 1
		}
	}
	return !m.lock.found || m.lock.Classic()
}

func (m *manager) Words() modules.Words {
	w := modules.Words{
		Name: packagemanager.Yarn, CacheLayer: "yarn-cache", Lockfiles: []string{yarnlock.FileName}, Configuration: berryConfig,
		Notes:         []string{classicState, berryState, packageMap, installState},
		FolderScripts: m.folderScripts,
		KeepDev:       productionVariable + "=false",
		Relock:        "delete yarn.lock and node_modules, run `yarn install`",
	}
	if m.classic() {
		w.Configuration = classicConfig
	}
	return w
}

// Yarn's own files in node_modules.
const (
	classicState = ".yarn-integrity" // has the ABI of Node.js and the platform
	berryState   = ".yarn-state.yml"
	packageMap   = ".package-map.json"
	installState = ".yarn-install-state.gz" // where this package lets Yarn 2 and later keep it
)

// folderScripts are the scripts of a folder that Yarn runs on install, in order. Only
// Yarn 1 prepares, and only the project.
func (m *manager) folderScripts(folder string) []string {
	all := []string{"preinstall", "install", "postinstall"}
	if folder == "" && m.classic() {
		all = append(all, "prepublish", "prepare")
	}
	return all
}

func (m *manager) ReadLock(dir string) (deps.Graph, bool, error) {
	lock, err := m.readLock(dir)
	return lock.graph, lock.found, err
}

// readLock reads a lockfile once: a build removes folders of workspaces from the app
// later.
func (m *manager) readLock(dir string) (lockfile, error) {
	if known, ok := m.read[dir]; ok {
		return known, nil
	}
	var l lockfile
	pkg, err := packagejson.Read(dir)
	if err != nil {
		return l, err
	}
	if l.folders, err = project.Workspaces(dir, pkg.Workspaces); err != nil {
		return l, err
	}
	if l.Lock, l.found, err = yarnlock.ReadLock(dir); err != nil || !l.found {
		return l, err
	}
	l.graph, l.missing, err = l.Graph(dir, l.folders)
	if err != nil {
		return l, err
	}
	m.read[dir] = l
	return l, nil
}

func (m *manager) Inspect(p *modules.Project) (method modules.Method, err error) {
	m.project = p
	if m.lock, err = m.readLock(p.Dir); err != nil {
		return method, err
	}
	if err := removeLinks(p.Dir, m.lock.folders); err != nil {
		return method, err
	}
	method = modules.Method{Kind: modules.Frozen, Name: "yarn install --immutable", KeepsDev: m.env.Get(productionVariable) == "false"}
	if m.classic() {
		method.Name = "yarn install --frozen-lockfile"
	} else if m.linker, err = m.findLinker(); err != nil {
		return method, err
	}
	if m.resolves() {
		method.Kind, method.Name = modules.Resolved, "yarn install"
	}
	method.InApp = m.isPnP()
	return method, m.preflight()
}

func (m *manager) Describe() error {
	if m.resolves() {
		m.warnOfNoLockfile()
	}
	m.log.Process("Resolving installation process")
	if m.lock.found {
		format := "Yarn 1"
		if !m.lock.Classic() {
			format = "Yarn 2 or later"
		}
		m.log.Subprocess("%s of %s decides on the versions", yarnlock.FileName, format)
	}
	if m.linker != "" {
		m.log.Subprocess("nodeLinker is %s", m.linker)
	}
	m.log.Break()
	return nil
}

func (m *manager) Prepare(context packit.BuildContext, downloads *modules.Downloads, atLaunch bool) (layers []packit.Layer, err error) {
	if m.yarn, layers, err = m.request.Get(context, m.env, m.log, m.project.Dir, atLaunch); err != nil {
		return nil, err
	}
	m.cache, m.atLaunch = downloads, atLaunch || len(layers) > 1 // with one for the launch
	if m.config, err = readBindings(m.env, context.Platform.Path, m.log); err != nil {
		return nil, err
	}
	m.node, err = askVersions(m.env)
	return layers, err
}

// Unmet is not called: no modules are vendored.
func (m *manager) Unmet() ([]string, error) { return nil, nil }

// Repair says how to complete a lockfile.
func (m *manager) Repair([]deps.Gap) (string, error) {
	return "run `yarn install` in the project's folder, and commit the lockfile that it writes.", nil
}

// within returns a folder below the install folder.
func (m *manager) within(folder string) string { return filepath.Join(m.project.Dir, folder) }
