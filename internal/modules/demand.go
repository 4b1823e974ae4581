package modules

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// demand is what modules are wanted for.
type demand struct {
	build, launch bool // other buildpacks want them then
	relinks       bool // somebody leads the links to launch-modules at the end
	manager       bool // somebody calls the manager at launch
	scripts       bool // build scripts run
}

// readDemand reads what the other buildpacks of the group want.
func readDemand(plan packit.BuildpackPlan, manager string) demand {
	var d demand
	says := func(entry packit.BuildpackPlanEntry, key string) bool {
		value, _ := entry.Metadata[key].(bool)
		return value
	}
	for _, entry := range plan.Entries {
		if entry.Name != buildplan.NodeModules {
			continue
		}
		d.build = d.build || says(entry, "build")
		d.launch = d.launch || says(entry, "launch")
		d.relinks = d.relinks || says(entry, nodemodules.RelinksKey)
		d.manager = d.manager || says(entry, manager)
	}
	return d
}

// spec is one of the two layers of modules.
type spec struct {
	launch   bool // that of the app image; else that of the build
	target   targets.Target
	demand   demand
	vendored bool // the app brings modules along
}

// layer is the layer's name.
func (s spec) layer() string {
	if s.launch {
		return launchLayer
	}
	return buildLayer
}

// dev says that the layer has devDependencies.
func (s spec) dev() bool { return !s.launch }

// hidden says that the layer is of no concern to later buildpacks.
func (s spec) hidden() bool { return !s.launch && !s.demand.build }

// keeps says that the modules stay in the project, too: for scripts, or because
// the other layer is made of them.
func (s spec) keeps() bool {
	return !s.launch && (s.demand.scripts || s.demand.launch && s.vendored)
}

// prunes says that modules of the app's own still have devDependencies, which are
// to be taken out.
func (s spec) prunes() bool { return s.launch && (s.demand.build || s.demand.scripts) }

// hasHelper says that the links have to be led to the layer at launch.
func (s spec) hasHelper() bool { return s.launch && s.demand.build && !s.demand.relinks }
