package nodeengine

import (
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// includeNPMVariable is the setting that puts npm into the app image.
const includeNPMVariable = "BP_NODE_INCLUDE_NPM"

// findNPM reports why npm belongs in the app image even if no plan entry
// requires it: the setting, or a process of the Procfile.
func (run *build) findNPM() error {
	included, err := settings.Bool(run.builder.Environ.Get, includeNPMVariable, false)
	if err != nil || !run.demand.AtLaunch || run.demand.NPMAtLaunch {
		return err
	}
	if included {
		run.demand.NPMAtLaunch, run.npmBecause = true, includeNPMVariable
		return nil
	}
	group, err := buildplan.ReadGroup(filepath.Dir(run.context.Layers.Path))
	if err != nil {
		return err
	}
	run.npmBecause = procfile.NPMReason(procfile.Read(run.context.WorkingDir), group[buildplan.Procfile])
	run.demand.NPMAtLaunch = run.npmBecause != ""
	return nil
}

// exportNPM makes the build layer tell later buildpacks whether npm is in the
// app image. A reused layer may have the old answer.
func (run *build) exportNPM(layer *packit.Layer) {
	const file = buildplan.NPMAtLaunchVariable + ".override"
	if run.demand.NPMAtLaunch {
		layer.BuildEnv[file] = "true"
		return
	}
	os.Remove(filepath.Join(layer.Path, "env.build", file)) // it does not exist, or writing fails below with an error
}
