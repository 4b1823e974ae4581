package modules

import (
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// installer makes the layers of modules, and runs the build scripts.
type installer struct {
	*engine
	demand    demand
	scripts   []Script  // in order
	generated generated // by the scripts
	inProject bool      // the project has build-modules as real folders
	tasks     taskCache
}

// install makes the required layers: first build-modules, with which the scripts
// run.
func (i *installer) install() (layers []packit.Layer, err error) {
	if !i.demand.build && !i.demand.launch {
		return nil, nil
	}
	if err := i.lockWorkspace(); err != nil {
		return nil, err
	}
	if i.demand.scripts, err = i.willRunScripts(i.scripts); err != nil {
		return nil, err
	}
	i.warnOfNodeEnv(i.demand)
	i.demand.launch = i.demand.launch && i.settings.keepModules
	discard, err := i.openGenerated()
	if err != nil {
		return nil, err
	}
	defer discard()
	prepares, err := i.needsPreparing()
	if err != nil {
		return nil, err
	}
	var links nodemodules.Links
	if i.demand.build || i.demand.scripts || prepares {
		layer, err := i.makeForBuild()
		if err != nil {
			return nil, err
		}
		links.Build = linksOf(layer)
		layers = append(layers, layer)
	}
	kept, err := i.closeTaskCache()
	if err != nil {
		return nil, err
	}
	if i.demand.launch {
		layer, err := i.makeLayer(i.spec(true))
		if err != nil {
			return nil, err
		}
		links.Launch = linksOf(layer)
		layers = append(layers, layer)
	}
	if err := i.removeUnrelated(i.demand); err != nil {
		return nil, err
	}
	if !i.settings.keepModules {
		if err := i.leaveModulesOut(); err != nil {
			return nil, err
		}
	}
	if err := i.link(links, layers); err != nil {
		return nil, err
	}
	return append(layers, kept...), nil
}

// makeForBuild makes build-modules and runs the scripts.
func (i *installer) makeForBuild() (layer packit.Layer, err error) {
	if layer, err = i.makeLayer(i.spec(false)); err != nil {
		return layer, err
	}
	if i.demand.scripts {
		if err := i.openTaskCache(); err != nil {
			return layer, err
		}
		if err := i.makeApp(layer); err != nil {
			return layer, err
		}
	}
	if i.demand.launch {
		if err := i.keepInstalled(layer.Path, linksOf(layer)); err != nil {
			return layer, err
		}
	}
	return layer, i.closeGenerated()
}

func (i *installer) spec(launch bool) spec {
	s := spec{launch: launch, target: i.host, demand: i.demand, vendored: i.method.Kind == Vendored}
	if launch {
		s.target = i.target
	}
	return s
}

// link points the project's node_modules to the layers, see the package comment.
func (i *installer) link(links nodemodules.Links, layers []packit.Layer) error {
	switch {
	case i.demand.build && i.demand.launch:
		launch := layers[1].Path
		if !i.demand.relinks {
			i.log.Process("WARNING: %s leads to %s during the build, and no later buildpack says that it will change that", nodemodules.Dir, buildLayer)
			i.log.Subprocess("A helper does it when a container starts, and needs a file system that is not read-only.")
			i.log.Subprocess("With armature/npm-start as the last buildpack no helper is needed.")
			i.log.Break()
		}
		return i.linkToBuild(links, layers[0], launch)
	case i.demand.build && i.demand.relinks: // no launch layer: the last buildpack removes the links
		return i.linkToBuild(links, layers[0], filepath.Join(i.context.Layers.Path, launchLayer))
	case i.demand.build:
		return nodemodules.Link(i.project.Dir, layers[0].Path, links.Build)
	case i.demand.launch:
		return nodemodules.Link(i.project.Dir, layers[len(layers)-1].Path, links.Launch)
	}
	return nil
}

// linkToBuild points the links to build-modules, and records in that layer their
// targets in the app image.
func (i *installer) linkToBuild(links nodemodules.Links, build packit.Layer, launch string) error {
	if err := links.Write(build.Path); err != nil {
		return err
	}
	build.BuildEnv.Override(nodemodules.LaunchLayerVariable, launch)
	return nodemodules.Link(i.project.Dir, build.Path, links.Build)
}
