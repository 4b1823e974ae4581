package npminstall

import (
	"errors"
	"io/fs"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// Variables that detection reads, see buildpack.toml.
const (
	pythonVariable = "BP_NPM_INCLUDE_BUILD_PYTHON"
)

// Detect passes if the project has a package.json, with or without a lockfile. An
// app for a package manager that this buildpack does not have is an error, see
// [choose]. It provides node_modules and requires node and npm for the build, with
// the range of engines.node, if any; and it provides and requires another package
// manager, if the app is made with that. It does not require node_modules itself:
// if no other buildpack does, the group fails.
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
		choice, names, err := detectManager(env, found, context.WorkingDir)
		if err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := pkg.StartScript(env.Get(settings.StartScript)); err != nil {
			return packit.DetectResult{}, err
		}
		if _, err := modules.BuildScripts(env.Get, pkg); err != nil {
			return packit.DetectResult{}, err
		}
		if err := modules.CheckIgnored(context.WorkingDir, env.Get, found, names); err != nil {
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
		plan := packit.BuildPlan{
			Provides: []packit.BuildPlanProvision{{Name: buildplan.NodeModules}},
			Requires: requirements(engine, python),
		}
		if choice != packagemanager.NPM { // which node-engine provides
			plan.Provides = append(plan.Provides, packit.BuildPlanProvision{Name: choice})
			plan.Requires = append(plan.Requires, packit.BuildPlanRequirement{Name: choice, Metadata: buildplan.Requirement{Build: true}})
		}
		return packit.DetectResult{Plan: plan}, nil
	}
}

// detectManager chooses the project's package manager, and its version. It returns
// its name and those of its lockfiles.
func detectManager(env environ.List, p project.Project, app string) (name string, locks []string, err error) {
	choice, err := choose(env, p, app)
	if err != nil {
		return "", nil, err
	}
	if choice.Manager == packagemanager.NPM {
		_, err := findManagers(choice, p)
		return choice.Manager, lockfiles, err
	}
	for _, lock := range choice.Lockfiles {
		locks = append(locks, lock.Name)
	}
	_, err = programs.Choose(env, placeOf(p, app), choice)
	return choice.Manager, locks, err
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
