package npminstall

import (
	"cmp"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
)

// Decide returns what is known of the install before it: the package manager, the
// scripts, the native modules, and what is left out of the app's folder.
func Decide(env environ.List) func(packit.DetectContext) []decisions.Decision {
	return func(context packit.DetectContext) []decisions.Decision {
		app := context.WorkingDir
		env := withFramework(env, app, scribe.NewEmitter(io.Discard))
		all, err := decideManager(env, app)
		if err == nil {
			var more []decisions.Decision
			more, err = decideInstall(env, app)
			all = append(all, more...)
		}
		if asked, ok := decisions.Ask(err); ok { // the build says any other error
			all = append(all, asked)
		}
		return all
	}
}

func decideManager(env environ.List, app string) ([]decisions.Decision, error) {
	found, err := project.Find(app, env.Get)
	if err != nil {
		return nil, err
	}
	choice, err := choose(env, found, app)
	if err != nil {
		return nil, err
	}
	chosen := decisions.Decision{Topic: decisions.Manager, Name: choice.Manager, Evidence: describeChoice(choice), Setting: managerVariable + "=" + choice.Manager}
	if choice.Manager != packagemanager.NPM {
		var request programs.Request
		request, err = programs.Choose(env, placeOf(found, app), choice)
		chosen.Decision = cmp.Or(request.Version, "the app's own")
		chosen.Evidence += "; its version: " + request.Source
	} else {
		chosen.Decision, err = foreseeNPM(env, found)
	}
	return append(decideProject(found, app), chosen), err
}

// decideProject says which folder of the app is the project, if not its root.
func decideProject(found project.Project, app string) []decisions.Decision {
	folder, err := filepath.Rel(app, found.Dir)
	if err != nil || folder == "." {
		return nil
	}
	return []decisions.Decision{{
		Topic: decisions.Project, Decision: filepath.ToSlash(folder), Evidence: cmp.Or(found.Chosen, settings.ProjectPath), Setting: settings.ProjectPath + "=" + filepath.ToSlash(folder),
	}}
}

// describeChoice says why it is that manager.
func describeChoice(choice managerchoice.Choice) string {
	return cmp.Or(choice.Evidence, "nothing names another one")
}

// foreseeNPM returns the requested version of npm. A range counts only where it does
// not have the npm of Node.js, which is not known yet.
func foreseeNPM(env environ.List, found project.Project) (string, error) {
	for _, dir := range []string{found.Dir, found.Root} {
		pkg, err := packagejson.Read(dir)
		if err != nil {
			return "", err
		}
		if request := requestedNPM(env, pkg, ""); request.spec != "" {
			return request.spec, request.check()
		}
	}
	return "that of Node.js", nil
}

// decideInstall returns the decisions about scripts, native modules and the app's
// folder.
func decideInstall(env environ.List, app string) (all []decisions.Decision, err error) {
	manager, err := managerFor(env, scribe.NewEmitter(io.Discard), app)
	if err != nil {
		return nil, err
	}
	foreseen, err := modules.Foresee(env, manager, app)
	if err != nil {
		return nil, err
	}
	target, err := targets.FromEnv(env.Get)
	if err != nil {
		return nil, err
	}
	for _, one := range foreseen.Install {
		all = append(all, decisions.Decision{Topic: decisions.InstallScript, Name: one.String(), Decision: "runs: " + one.Package.Scripts[one.Name], Evidence: packagejson.FileName})
	}
	all = append(all, decideScripts(foreseen)...)
	all = append(all, decideModules(foreseen.Project.Lock, target)...)
	for _, one := range foreseen.LeftOut {
		all = append(all, decisions.Decision{Topic: decisions.LeftOut, Name: one.Place, Decision: "left out", Evidence: one.Why})
	}
	return all, nil
}

// decideScripts returns the decisions about build scripts. Those of workspaces that
// the project depends on run whatever the setting names.
func decideScripts(f modules.Foreseen) (all []decisions.Decision) {
	var own []string
	for _, one := range f.Build {
		if one.Folder == f.Project.Workspace {
			own = append(own, one.Name)
		}
		all = append(all, decisions.Decision{Topic: decisions.BuildScript, Name: one.String(), Decision: one.Package.Scripts[one.Name], Evidence: f.Source})
	}
	if len(all) == 0 {
		return []decisions.Decision{{Topic: decisions.BuildScript, Decision: modules.NoScripts, Setting: settings.RunScripts + "=" + modules.NoScripts}}
	}
	if len(own) > 0 {
		all[len(all)-1].Setting = settings.RunScripts + "=" + strings.Join(own, ",")
	}
	return all
}

// decideModules returns the decisions about packages of a lockfile: one for each
// version.
func decideModules(lock deps.Graph, target targets.Target) (all []decisions.Decision) {
	add := func(d decisions.Decision) {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	for _, p := range lock.Packages {
		name := p.Name + "@" + p.Version
		if p.HasInstallScript && p.InNodeModules() && lock.ListsScripts() && p.RunsOn(deps.PlatformOf(target)) {
			add(decisions.Decision{Topic: decisions.InstallScript, Name: name, Decision: "may run", Evidence: lock.File})
		}
		if expected, because := native.Expect(lock, p, target); expected != native.None {
			add(decisions.Decision{Topic: decisions.Native, Name: name, Decision: expected.String(), Evidence: lock.File + ": " + because})
		}
	}
	return all
}
