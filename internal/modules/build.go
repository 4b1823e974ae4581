package npminstall

import (
	"fmt"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// Names of the layers.
const (
	launchLayer = "launch-modules"
	buildLayer  = "build-modules"
	cacheLayer  = "npm-cache"
)

// build is one run of the build phase: what was determined, and what is
// resolved from it.
type build struct {
	context packit.BuildContext
	env     environ.List
	log     scribe.Emitter

	dir          string // the folder that is installed in: the project's, or the root of its workspaces
	projectDir   string
	workspace    string              // the project's path below dir, where it is a workspace
	pkg          packagejson.Package // the project's
	root         packagejson.Package // the one in dir
	lock         deps.Graph          // empty where there is none
	yarnLock     string              // path of a yarn.lock that npm reads, or empty
	inputs       inputs
	process      process
	target, host targets.Target
	npm          npm
	globalConfig string                // path of npm's global configuration, or empty
	vendored     string                // digest of vendored modules, once it is known
	app          string                // digest of the app's files as they came, where it counts
	closures     map[bool]deps.Closure // of the workspace: for the launch, and with devDependencies
	scripts      []buildScript         // to be run in this order
	generated    generated
	unfolded     bool   // the project has the modules of the build as folders
	check        string // what BP_NODE_MODULES_CHECK says
	natives      int    // how many native files the modules of the launch have, unless check is off
	keepCache    bool
	keepFolders  bool // of workspaces that are of no concern
	keepModules  bool // in the app image
	runsScripts  bool
	sbom         bool
	spans        *spans.Recorder // tells the platform what took how long
	folder       appfolder.Folder
	later        []string // what is taken out of the app when npm is done
}

// Build installs the dependencies into the layers that the plan asks for and
// links the project's node_modules to them.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		log.Title("%s %s", context.BuildpackInfo.Name, context.BuildpackInfo.Version)
		b := &build{context: context, env: env, log: log, closures: map[bool]deps.Closure{}}
		b.spans = spans.New(context.Platform.Path, log.TitleWriter)
		for _, step := range []func() error{b.readSettings, b.readProject, b.findTarget, b.findNPM} {
			if err := step(); err != nil {
				return packit.BuildResult{}, err
			}
		}
		cache, err := b.openCache()
		if err != nil {
			return packit.BuildResult{}, err
		}
		wanted := readPlan(context.Plan)
		layers, err := b.chooseNPM(wanted.npm || b.env.Get(buildplan.NPMAtLaunchVariable) == "true")
		if err != nil {
			return packit.BuildResult{}, err
		}
		modules, err := b.install(wanted)
		if err != nil {
			return packit.BuildResult{}, err
		}
		layers = append(layers, modules...)
		if err := b.finishFolder(wanted); err != nil {
			return packit.BuildResult{}, err
		}
		b.describe(modules)
		if err := b.boundCache(cache.Path); err != nil {
			return packit.BuildResult{}, err
		}
		if err := b.npm.cache.close(); err != nil {
			return packit.BuildResult{}, err
		}
		if filled, err := tree.IsFilled(cache.Path); err != nil || !filled {
			return packit.BuildResult{Layers: layers}, err
		}
		return packit.BuildResult{Layers: append(layers, cache)}, nil
	}
}

func (b *build) readSettings() (err error) {
	if b.check, err = settings.OneOf(b.env.Get, "BP_NODE_MODULES_CHECK", "error", "warn", "off"); err != nil {
		return err
	}
	if b.keepCache, err = settings.Bool(b.env.Get, "BP_KEEP_NODE_BUILD_CACHE", false); err != nil {
		return err
	}
	if b.keepFolders, err = settings.Bool(b.env.Get, keepVariable, false); err != nil {
		return err
	}
	if b.keepModules, err = settings.Bool(b.env.Get, modulesVariable, true); err != nil {
		return err
	}
	disabled, err := settings.Bool(b.env.Get, "BP_DISABLE_SBOM", false)
	b.sbom = !disabled
	return err
}

func (b *build) readProject() (err error) {
	found, err := project.Find(b.context.WorkingDir, b.env.Get)
	if err != nil {
		return err
	}
	b.dir, b.projectDir, b.workspace = found.Root, found.Dir, found.Workspace()
	if b.pkg, err = packagejson.Read(b.projectDir); err != nil {
		return err
	}
	if b.root, err = packagejson.Read(b.dir); err != nil {
		return err
	}
	if b.lock, _, err = npmlock.Read(b.dir); err != nil {
		return err
	}
	if err := b.prepareFolder(); err != nil {
		return err
	}
	manager, err := findManager(b.env, found, b.context.WorkingDir)
	if err != nil {
		return err
	}
	if manager.yarn != nil {
		b.yarnLock = manager.yarn.Path()
	}
	if b.inputs, err = look(b.dir); err != nil {
		return fmt.Errorf("reading the project's folder: %w", err)
	}
	if err := b.checkFolders(); err != nil {
		return err
	}
	if b.scripts, err = b.planScripts(); err != nil {
		return err
	}
	b.process = b.inputs.process()
	b.inputs.describe(b.log)
	return b.warnOfManager(manager)
}

func (b *build) findTarget() (err error) {
	if b.target, err = targets.FromEnv(b.env.Get); err != nil {
		return err
	}
	b.host, err = targets.Host()
	return err
}

func (b *build) findNPM() (err error) {
	if b.globalConfig, err = globalConfig(b.env, b.context.Platform.Path, b.log); err != nil {
		return err
	}
	env := b.env
	if b.globalConfig != "" {
		env = withConfig(env, "globalconfig", b.globalConfig)
	}
	cache := &downloads{dir: filepath.Join(b.context.Layers.Path, cacheLayer), log: b.log, spans: b.spans, vendored: b.inputs.cache}
	b.npm, err = newNPM(env, b.log, cache, b.context.Layers.Path)
	return err
}

// plan is what the other buildpacks of the group want node_modules for.
type plan struct {
	build, launch bool
	relinks       bool // somebody leads the links to launch-modules at the end
	npm           bool // somebody calls npm at launch
}

func readPlan(entries packit.BuildpackPlan) plan {
	var p plan
	says := func(entry packit.BuildpackPlanEntry, key string) bool {
		value, _ := entry.Metadata[key].(bool)
		return value
	}
	for _, entry := range entries.Entries {
		if entry.Name != buildplan.NodeModules {
			continue
		}
		p.build = p.build || says(entry, "build")
		p.launch = p.launch || says(entry, "launch")
		p.relinks = p.relinks || says(entry, nodemodules.RelinksKey)
		p.npm = p.npm || says(entry, nodemodules.NPMKey)
	}
	return p
}

// install makes the layers of modules, and the app with its build scripts.
func (b *build) install(p plan) ([]packit.Layer, error) {
	var layers []packit.Layer
	var links nodemodules.Links
	if !p.build && !p.launch {
		return nil, nil
	}
	if err := b.lockWorkspace(); err != nil {
		return nil, err
	}
	scripts, err := b.willRunScripts()
	if err != nil {
		return nil, err
	}
	b.runsScripts = scripts
	b.warnOfNodeEnv(p)
	p.launch = p.launch && b.keepModules
	if p.build || scripts {
		keep := scripts || p.launch && b.process == processRebuild
		layer, err := b.modules(part{layer: buildLayer, dev: true, target: b.host, keep: keep, hidden: !p.build})
		if err != nil {
			return nil, err
		}
		if scripts {
			discard, err := b.makeApp(layer)
			if err != nil {
				return nil, err
			}
			defer discard()
		}
		links.Build = linksOf(layer)
		layers = append(layers, layer)
	}
	if p.launch {
		layer, err := b.modules(part{layer: launchLayer, target: b.target, prune: p.build || scripts, relink: p.build && !p.relinks})
		if err != nil {
			return nil, err
		}
		links.Launch = linksOf(layer)
		layers = append(layers, layer)
	}
	if err := b.removeUnrelated(p); err != nil {
		return nil, err
	}
	if !b.keepModules {
		if err := b.leaveModulesOut(p); err != nil {
			return nil, err
		}
	}
	return layers, b.link(p, links, layers)
}

// link leads the project's node_modules to the layers, see the package's
// comment.
func (b *build) link(p plan, links nodemodules.Links, layers []packit.Layer) error {
	switch {
	case p.build && p.launch:
		modules, launch := layers[0], layers[1]
		if err := links.Write(modules.Path); err != nil {
			return err
		}
		modules.BuildEnv.Override(nodemodules.LaunchLayerVariable, launch.Path)
		if !p.relinks {
			b.log.Process("WARNING: %s leads to %s during the build, and no later buildpack says that it will change that", nodemodules.Dir, buildLayer)
			b.log.Subprocess("A helper does it when a container starts, and needs a file system that is not read-only.")
			b.log.Subprocess("With armature/npm-start as the last buildpack no helper is needed.")
			b.log.Break()
		}
		return nodemodules.Link(b.dir, modules.Path, links.Build)
	case p.build:
		modules := layers[0]
		if p.relinks { // there are none for the launch: the last buildpack takes the links away
			if err := links.Write(modules.Path); err != nil {
				return err
			}
			modules.BuildEnv.Override(nodemodules.LaunchLayerVariable, filepath.Join(b.context.Layers.Path, launchLayer))
		}
		return nodemodules.Link(b.dir, modules.Path, links.Build)
	case p.launch:
		return nodemodules.Link(b.dir, layers[len(layers)-1].Path, links.Launch)
	}
	return nil
}
