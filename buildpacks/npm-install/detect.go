package npminstall

import (
	"errors"
	"io/fs"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// Variables that detection reads, see buildpack.toml.
const (
	pythonVariable = "BP_NPM_INCLUDE_BUILD_PYTHON"
)

// Detect passes if the project has a package.json, with or without a lockfile. An
// app for another package manager is an error, see [appManagers.check]. It
// provides node_modules and requires node and npm for the build, with the range
// of engines.node, if any. It does not require node_modules itself: if no other
// buildpack does, the group fails.
func Detect(env environ.List) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		found, err := project.Find(context.WorkingDir, env.Get)
		if err != nil {
			return packit.DetectResult{}, err
		}
		pkg, err := packagejson.Read(found.Dir)
		if errors.Is(err, fs.ErrNotExist) {
			return packit.DetectResult{}, packit.Fail.WithMessage("no %s in %s", packagejson.FileName, found.Dir)
		}
		if err != nil {
			return packit.DetectResult{}, err
		}
		managers, err := findManagers(env, found, context.WorkingDir)
		if err != nil {
			return packit.DetectResult{}, err
		}
		if err := managers.check(); err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := pkg.StartScript(env.Get(settings.StartScript)); err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := modules.BuildScripts(env.Get, pkg); err != nil {
			return packit.DetectResult{}, err
		}
		if err := modules.CheckIgnored(context.WorkingDir, env.Get, found, lockfiles); err != nil {
			return packit.DetectResult{}, err
		}
		engine, err := engineOf(found)
		if err != nil {
			return packit.DetectResult{}, err
		}
		python, err := wantsPython(env)
		if err != nil {
			return packit.DetectResult{}, err
		}
		return packit.DetectResult{Plan: packit.BuildPlan{
			Provides: []packit.BuildPlanProvision{{Name: buildplan.NodeModules}},
			Requires: requirements(engine, python),
		}}, nil
	}
}

// engineOf returns a project's range of engines.node, by default for a workspace
// that of the workspaces' root.
func engineOf(p project.Project) (string, error) {
	pkg, err := packagejson.Read(versionfile.Folder(p.Dir, p.Root))
	return pkg.Engines.Node, err
}

func requirements(engine string, python bool) []packit.BuildPlanRequirement {
	node := buildplan.Requirement{Build: true}
	if engine != "" {
		node.Version, node.VersionSource = engine, packagejson.FileName
	}
	all := []packit.BuildPlanRequirement{{Name: buildplan.Node, Metadata: node}}
	if python {
		all = append(all, packit.BuildPlanRequirement{Name: buildplan.Python, Metadata: buildplan.Requirement{Build: true}})
	}
	return append(all, packit.BuildPlanRequirement{Name: buildplan.NPM, Metadata: buildplan.Requirement{Build: true}})
}

// wantsPython reads a switch that is also on if its value is empty.
func wantsPython(env environ.List) (bool, error) {
	_, set := env.Lookup(pythonVariable)
	return settings.Bool(env.Get, pythonVariable, set)
}
