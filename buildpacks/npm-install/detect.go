package npminstall

import (
	"errors"
	"io/fs"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/buildplan"
	"github.com/armature-cnb/armature/internal/packagejson"
	"github.com/armature-cnb/armature/internal/project"
	"github.com/armature-cnb/armature/internal/settings"
)

// Variables that detection reads, see buildpack.toml.
const (
	pythonVariable      = "BP_NPM_INCLUDE_BUILD_PYTHON"
	startScriptVariable = "BP_NPM_START_SCRIPT"
)

// Detect passes where the project has a package.json, whether or not it has a
// lockfile. It provides node_modules and requires node and npm for the build,
// with the range of engines.node where there is one. It does not require
// node_modules itself: without a buildpack that does, the group fails.
func Detect(env Environ) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		dir, err := project.Dir(context.WorkingDir, env.Get)
		if err != nil {
			return packit.DetectResult{}, err
		}
		pkg, err := packagejson.Read(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return packit.DetectResult{}, packit.Fail.WithMessage("no %s in %s", packagejson.FileName, dir)
		}
		if err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := pkg.StartScript(env.Get(startScriptVariable)); err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := buildScripts(env, pkg); err != nil {
			return packit.DetectResult{}, err
		}
		python, err := wantsPython(env)
		if err != nil {
			return packit.DetectResult{}, err
		}
		return packit.DetectResult{Plan: packit.BuildPlan{
			Provides: []packit.BuildPlanProvision{{Name: buildplan.NodeModules}},
			Requires: requirements(pkg, python),
		}}, nil
	}
}

func requirements(pkg packagejson.Package, python bool) []packit.BuildPlanRequirement {
	node := buildplan.Requirement{Build: true}
	if pkg.Engines.Node != "" {
		node.Version, node.VersionSource = pkg.Engines.Node, packagejson.FileName
	}
	all := []packit.BuildPlanRequirement{{Name: buildplan.Node, Metadata: node}}
	if python {
		all = append(all, packit.BuildPlanRequirement{Name: buildplan.Python, Metadata: buildplan.Requirement{Build: true}})
	}
	return append(all, packit.BuildPlanRequirement{Name: buildplan.NPM, Metadata: buildplan.Requirement{Build: true}})
}

// wantsPython reads a switch that is also on when it is set to nothing.
func wantsPython(env Environ) (bool, error) {
	_, set := env.Lookup(pythonVariable)
	return settings.Bool(env.Get, pythonVariable, set)
}
