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

// findNPM finds out whether npm is wanted in the app image for another reason
// than an entry of the plan: by the setting, or by a process of the Procfile.
func (run *build) findNPM() error {
	included, err := settings.Bool(run.getenv, includeNPMVariable, false)
	if err != nil || !run.AtLaunch || run.NPMAtLaunch {
		return err
	}
	if included {
		run.NPMAtLaunch, run.npmBecause = true, includeNPMVariable
		return nil
	}
	group, err := buildplan.ReadGroup(filepath.Dir(run.Layers.Path))
	if err != nil {
		return err
	}
	run.npmBecause = procfile.NPMReason(procfile.Read(run.WorkingDir), group[buildplan.Procfile])
	run.NPMAtLaunch = run.npmBecause != ""
	return nil
}

// tellOfNPM lets the layer for the build tell later buildpacks whether npm is
// in the app image. In one of the build before it may have been.
func (run *build) tellOfNPM(layer *packit.Layer) {
	const file = buildplan.NPMAtLaunchVariable + ".override"
	if run.NPMAtLaunch {
		layer.BuildEnv[file] = "true"
		return
	}
	os.Remove(filepath.Join(layer.Path, "env.build", file)) // it is not there, or nobody can write there, and that is said soon
}
