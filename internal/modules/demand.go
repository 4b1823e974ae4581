package modules

import (
	"slices"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// demand says what the modules are for.
type demand struct {
	build, launch bool // other buildpacks require them then
	relinks       bool // another buildpack points the links to launch-modules at the end
	manager       bool // another buildpack calls the manager at launch
	scripts       bool // there are build scripts
	dev           bool // the app image has devDependencies, see package execenv

	// keep are packages for development that the app needs at launch, too.
	keep []string
}

// readDemand reads the requirements of the group's other buildpacks.
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
		names, _ := entry.Metadata[nodemodules.KeepKey].([]any)
		for _, name := range names {
			if text, ok := name.(string); ok && !slices.Contains(d.keep, text) {
				d.keep = append(d.keep, text)
			}
		}
	}
	return d
}

// spec is one of the two layers of modules.
type spec struct {
	launch   bool // launch-modules; else build-modules
	target   targets.Target
	demand   demand
	vendored bool // the app has its own modules
}

// layer is the layer's name.
func (s spec) layer() string {
	if s.launch {
		return launchLayer
	}
	return buildLayer
}

// dev reports whether the layer has devDependencies.
func (s spec) dev() bool { return !s.launch || s.demand.dev }

// prepares reports whether scripts that prepare run in this install: that of the
// build layer, and vendored modules if there is no other one.
func (s spec) prepares() bool {
	return !s.launch || s.vendored && !s.demand.build && !s.demand.scripts
}

// hidden reports whether later buildpacks do not get the layer.
func (s spec) hidden() bool { return !s.launch && !s.demand.build }

// keeps reports whether the modules stay in the project, too: for scripts, or to
// make the other layer of them.
func (s spec) keeps() bool {
	return !s.launch && (s.demand.scripts || s.demand.launch && s.vendored)
}

// prunes reports whether vendored modules may still have devDependencies to remove.
func (s spec) prunes() bool { return !s.dev() && (s.demand.build || s.demand.scripts) }

// hasHelper reports whether a helper points the links to the layer at launch.
func (s spec) hasHelper() bool { return s.launch && s.demand.build && !s.demand.relinks }
