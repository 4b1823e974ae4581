package modules

import (
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// Names of the layers.
const (
	launchLayer = "launch-modules"
	buildLayer  = "build-modules"
)

// engine is shared by all phases of a build.
type engine struct {
	context      packit.BuildContext
	env          environ.List
	log          scribe.Emitter
	spans        *spans.Recorder // reports durations to the platform
	manager      Manager
	settings     choices
	project      *Project
	method       Method
	selection    selection
	digests      digests
	target, host targets.Target
}

// Build installs the dependencies with a manager into the layers that the plan
// requires, and links the project's node_modules to them.
func Build(env environ.List, log scribe.Emitter, manager Manager) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		log.Title("%s %s", context.BuildpackInfo.Name, context.BuildpackInfo.Version)
		e := &engine{context: context, env: env, log: log, manager: manager, spans: spans.New(context.Platform.Path, log.TitleWriter)}
		layers, err := e.build()
		return packit.BuildResult{Layers: layers}, err
	}
}

func (e *engine) build() (layers []packit.Layer, err error) {
	if e.settings, err = readSettings(e.env.Get); err != nil {
		return nil, err
	}
	folder, scripts, err := e.open()
	if err != nil {
		return nil, err
	}
	if err := e.findTarget(); err != nil {
		return nil, err
	}
	cache, downloads, err := e.openDownloads()
	if err != nil {
		return nil, err
	}
	demand := readDemand(e.context.Plan, e.manager.Words().Name)
	demand.dev = e.settings.environment.Develops()
	if layers, err = e.manager.Prepare(e.context, downloads, demand.manager); err != nil {
		return nil, err
	}
	if scripts, err = e.readLate(scripts); err != nil {
		return nil, err
	}
	modules, err := (&installer{engine: e, demand: demand, scripts: scripts}).install()
	if err != nil {
		return nil, err
	}
	if err := folder.finish(e.project.App, demand); err != nil {
		return nil, err
	}
	e.describe(modules)
	layers = append(layers, modules...)
	if err := e.closeDownloads(downloads); err != nil {
		return nil, err
	}
	if filled, err := tree.IsFilled(cache.Path); err != nil || !filled {
		return layers, err
	}
	return append(layers, cache), nil
}

// open reads the project, after removing from the app folder what is not part of
// the app. It returns the build scripts.
func (e *engine) open() (folder *appFolder, scripts []Script, err error) {
	if err := e.readProject(); err != nil {
		return nil, nil, err
	}
	if folder, err = e.prepareFolder(); err != nil {
		return nil, nil, err
	}
	if e.method, err = e.manager.Inspect(e.project); err != nil {
		return nil, nil, err
	}
	if err := e.checkFolders(); err != nil {
		return nil, nil, err
	}
	if scripts, err = e.planScripts(); err != nil {
		return nil, nil, err
	}
	return folder, scripts, e.manager.Describe()
}

func (e *engine) readProject() error {
	found, err := project.Find(e.context.WorkingDir, e.env.Get)
	if err != nil {
		return err
	}
	p := &Project{App: e.context.WorkingDir, Dir: found.Root, Folder: found.Dir, Workspace: found.Workspace()}
	if p.Package, err = packagejson.Read(p.Folder); err != nil {
		return err
	}
	if p.Root, err = packagejson.Read(p.Dir); err != nil {
		return err
	}
	if p.Lock, _, err = e.manager.ReadLock(p.Dir); err != nil {
		return err
	}
	if p.Workspaces, err = project.Globs(p.Dir); err != nil {
		return err
	}
	e.project, e.selection = p, newSelection(e.manager, p)
	return nil
}

// readLate does again what depends on the lockfile, if that could not be read
// before.
func (e *engine) readLate(scripts []Script) ([]Script, error) {
	if !e.method.ReadsLate {
		return scripts, nil
	}
	if err := e.checkFolders(); err != nil {
		return nil, err
	}
	return e.planScripts()
}

func (e *engine) findTarget() (err error) {
	if e.target, err = targets.FromEnv(e.env.Get); err != nil {
		return err
	}
	e.host, err = targets.Host()
	return err
}

// lockWorkspace lets the manager write a lockfile for a workspace without one, to
// find the workspace's dependencies. It then plans the scripts again.
func (i *installer) lockWorkspace() (err error) {
	if i.project.Workspace == "" || i.method.Kind != Resolved {
		return nil
	}
	if err := i.manager.WriteLock(); err != nil {
		return err
	}
	if i.project.Lock, _, err = i.manager.ReadLock(i.project.Dir); err != nil {
		return err
	}
	i.scripts, err = i.planScripts()
	return err
}

// warnOfNodeEnv warns that NODE_ENV of the build does not affect what is installed.
func (e *engine) warnOfNodeEnv(d demand) {
	if e.env.Get("NODE_ENV") != "development" || !d.launch || d.dev || len(e.project.Package.DevDependencies) == 0 || e.method.KeepsDev {
		return
	}
	e.log.Process("WARNING: NODE_ENV=development keeps no devDependencies in the app image: they are left out whatever it is")
	e.log.Subprocess("%s for the build keeps them. Build scripts and later buildpacks have them in any case.", e.manager.Words().KeepDev)
	e.log.Break()
}
