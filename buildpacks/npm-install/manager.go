package npminstall

import (
	"fmt"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/startup"
	"github.com/armature-cnb/armature/internal/npmregistry"
)

// manager is npm in one build. It is a [modules.Manager].
type manager struct {
	env          environ.List
	log          scribe.Emitter
	choice       managerchoice.Choice
	project      *modules.Project
	made         appManagers // other package managers of the app
	inputs       inputs
	npm          npm
	globalConfig string // path of npm's global configuration, or empty
	shown        string // the platform's folder of archives; may be missing
}

// hiddenLockfile is npm's record of installed packages in node_modules.
const hiddenLockfile = ".package-lock.json"

// lockfiles are the names of npm's lockfiles.
var lockfiles = []string{npmlock.PackageLock, npmlock.Shrinkwrap}

func (m *manager) Words() modules.Words {
	return modules.Words{
		Name: "npm", CacheLayer: "npm-cache", VendoredCache: vendoredCacheDir, Lockfiles: lockfiles,
		Configuration: projectConfig, Notes: []string{hiddenLockfile}, InstallScripts: installScripts, Secret: isSecret,
		KeepDev: "NPM_CONFIG_INCLUDE=dev", Relock: "delete package-lock.json and node_modules, run `npm install`",
	}
}

func (m *manager) ReadLock(dir string) (deps.Graph, bool, error) { return npmlock.Read(dir) }

func (m *manager) ReadInstalled(dir string) (deps.Graph, bool) {
	text, err := regular.ReadFile(filepath.Join(dir, nodemodules.Dir, hiddenLockfile))
	if err != nil {
		return deps.Graph{}, false
	}
	graph, err := npmlock.Parse(text)
	return graph, err == nil
}

func (m *manager) Inspect(p *modules.Project) (method modules.Method, err error) {
	m.project = p
	if m.made, err = findManagers(m.choice, project.Project{Dir: p.Folder, Root: p.Dir}); err != nil {
		return method, err
	}
	if m.inputs, err = inspect(p.Dir); err != nil {
		return method, fmt.Errorf("reading the project's folder: %w", err)
	}
	process := m.inputs.process()
	return modules.Method{Kind: kindOf[process], Name: string(process), Cache: m.inputs.cache, KeepsDev: hasConfig(m.env, "include")}, nil
}

func (m *manager) Describe() error {
	m.inputs.describe(m.log)
	return m.warnOfManager()
}

func (m *manager) Prepare(context packit.BuildContext, downloads *modules.Downloads, atLaunch bool) ([]packit.Layer, error) {
	if err := m.findNPM(context, downloads); err != nil {
		return nil, err
	}
	return m.chooseNPM(context.Layers, atLaunch)
}

func (m *manager) findNPM(context packit.BuildContext, downloads *modules.Downloads) (err error) {
	if m.globalConfig, err = globalConfig(m.env, context.Platform.Path, m.log); err != nil {
		return err
	}
	m.shown = filepath.Join(context.Platform.Path, npmregistry.Shown)
	env := m.env
	if m.globalConfig != "" {
		env = withConfig(env, "globalconfig", m.globalConfig)
	}
	m.npm, err = newNPM(env, m.log, downloads, context.Layers.Path)
	return err
}

func (m *manager) WriteLock() error {
	return m.keepingYarnLock(func() error { return m.npm.run(m.project.Dir, "install", "--package-lock-only") })
}

func (m *manager) Unmet() ([]string, error) {
	f, err := m.npm.with("NPM_CONFIG_LOGLEVEL", "error").execute(m.project.Dir, "list", "--include=dev")
	if err != nil || f == nil {
		return nil, err
	}
	return f.unmet(), nil
}

func (m *manager) Environment() (build, launch packit.Environment) {
	build, launch = packit.Environment{}, packit.Environment{}
	if m.globalConfig != "" {
		build.Default(globalConfigVariable, m.globalConfig)
	}
	if !choosesDependencies(m.env) {
		build.Default("NPM_CONFIG_INCLUDE", "dev") // so that npm sees what is installed here, whatever NODE_ENV is
		build.Override(startup.BuildIncludesDev, "true")
	}
	launch.Default("NPM_CONFIG_LOGLEVEL", m.npm.env.Get("NPM_CONFIG_LOGLEVEL"))
	return build, launch
}
