package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

const defaultScript = "build"

// NoScripts is the value of [settings.RunScripts] for none.
const NoScripts = "none"

// BuildScripts returns the names of the build scripts in order: those of
// BP_NODE_RUN_SCRIPTS, or else what [startup.BuildScript] finds. A missing script is a
// [failure.Failure] with the id build-script-missing.
func BuildScripts(getenv settings.Getenv, pkg packagejson.Package) ([]string, error) {
	names, err := settings.Names(getenv, settings.RunScripts)
	if err != nil {
		return nil, err
	}
	existing := pkg.ScriptNames()
	if len(names) == 0 {
		name, _ := startup.BuildScript(pkg)
		return strings.Fields(name), nil
	}
	if len(names) == 1 && names[0] == NoScripts {
		return nil, nil
	}
	for _, name := range names {
		if !slices.Contains(existing, name) {
			return nil, &failure.Failure{
				ID:    "build-script-missing",
				Cause: fmt.Sprintf("%s names the script %q, which %s does not have", settings.RunScripts, name, packagejson.FileName),
				Remedy: fmt.Sprintf("set it to some of the scripts there (%s), with commas between; to %s for none; or leave it unset for %s.",
					pkg.DescribeScripts(), NoScripts, defaultScript),
			}
		}
	}
	return names, nil
}

// Script is a build script.
type Script struct {
	Folder  string // its package, relative to the install folder
	Package packagejson.Package
	Name    string
	Install bool     // one of [Words.FolderScripts]
	Args    []string // if there are any, Name is a program of the project's packages
}

// String returns the script's name, with the folder of a workspace; or a program's call.
func (s Script) String() string {
	if len(s.Args) > 0 {
		return s.Package.Scripts[s.Name]
	}
	if s.Folder == "" {
		return s.Name
	}
	return s.Name + " of " + s.Folder
}

// Call returns the command with which a developer runs the script: with the
// manager's command for scripts, or for a program with arguments, the one for
// programs.
func (s Script) Call(run, exec string) string {
	if len(s.Args) == 0 {
		exec = run
	}
	return strings.Join(append([]string{exec, s.Name}, s.Args...), " ")
}

// planScripts returns the install scripts of the project's folders, if the engine
// is to let them run, and the build scripts.
func (e *engine) planScripts() ([]Script, error) {
	all, err := e.planFolderScripts()
	if err != nil {
		return nil, err
	}
	build, err := e.planBuildScripts()
	return append(all, build...), err
}

// planFolderScripts returns the install scripts of the project's folders: of the
// root, and of its workspaces or those that a workspace needs, each after its
// dependencies.
func (e *engine) planFolderScripts() (all []Script, err error) {
	scripts := e.manager.Words().FolderScripts
	if scripts == nil {
		return nil, nil
	}
	folders := []string{""}
	if closure, known, err := e.selection.closure(true); err != nil {
		return nil, err
	} else if known {
		folders = append(folders, closure.Folders...)
	} else {
		folders = append(folders, e.ordered(e.selection.starts())...)
	}
	for _, folder := range folders {
		pkg, err := packagejson.Read(filepath.Join(e.project.Dir, folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names := scripts(folder)
		own := OwnScripts(pkg, names)
		for _, name := range names {
			if slices.Contains(own, name) {
				all = append(all, Script{Folder: folder, Package: pkg, Name: name, Install: true})
			}
		}
	}
	return all, nil
}

// ordered returns folders of the project, without its own, each after those that it
// depends on.
func (e *engine) ordered(folders []string) (all []string) {
	for _, folder := range folders {
		closure, _ := e.project.Lock.Closure(folder, true)
		for _, one := range closure.Folders {
			if one != "" && slices.Contains(folders, one) && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// planBuildScripts returns the build scripts. For a workspace, the build scripts of
// the workspaces that it depends on come first, in dependency order.
func (e *engine) planBuildScripts() ([]Script, error) {
	names, err := BuildScripts(e.env.Get, e.project.Package)
	if err != nil || e.env.Get(settings.RunScripts) == NoScripts || e.leavesBuilding() {
		return nil, err
	}
	closure, _, err := e.selection.closure(true)
	if err != nil {
		return nil, err
	}
	var all []Script
	for _, folder := range closure.Folders {
		pkg, err := packagejson.Read(filepath.Join(e.project.Dir, folder))
		if errors.Is(err, fs.ErrNotExist) || folder == e.project.Workspace {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(pkg.ScriptNames(), defaultScript) {
			all = append(all, Script{Folder: folder, Package: pkg, Name: defaultScript})
		}
	}
	for _, name := range names {
		all = append(all, Script{Folder: e.project.Workspace, Package: e.project.Package, Name: name})
	}
	return e.viaTaskRunner(all)
}

// leavesBuilding reports whether the build leaves the app unbuilt: a development
// server builds it itself.
func (e *engine) leavesBuilding() bool {
	return e.settings.environment == execenv.Development && e.env.Get(settings.RunScripts) == ""
}

// willRunScripts reports whether there are scripts to run. The default build script
// is skipped if the app vendors its modules without devDependencies: it has run
// before.
func (e *engine) willRunScripts(scripts []Script) (bool, error) {
	if len(scripts) == 0 {
		return false, nil
	}
	if e.method.Kind != Vendored || e.env.Get(settings.RunScripts) != "" {
		return true, nil
	}
	unmet, err := e.manager.Unmet()
	if err != nil || len(unmet) == 0 {
		return err == nil, err
	}
	e.log.Process("WARNING: not running the script %s: the vendored %s lack dependencies for development%s",
		defaultScript, nodemodules.Dir, failure.List(unmet))
	e.log.Subprocess("Delete %s from the app to have all installed, or set %s=%s to end this warning.", nodemodules.Dir, settings.RunScripts, NoScripts)
	e.log.Break()
	return false, nil
}

// runScripts runs the scripts; node_modules has all dependencies.
func (i *installer) runScripts() error {
	install := slices.DeleteFunc(slices.Clone(i.scripts), func(s Script) bool { return !s.Install })
	build := slices.DeleteFunc(slices.Clone(i.scripts), func(s Script) bool { return s.Install })
	if len(install) > 0 {
		i.log.Process("Executing install scripts of the app: %s (%s)", names(install), packagejson.FileName)
	}
	if err := i.runEach(install); err != nil || len(build) == 0 {
		return err
	}
	i.log.Process("Executing build scripts: %s (%s)", names(build), i.scriptSource())
	return i.runEach(build)
}

// scriptSource says what names the build scripts.
func (e *engine) scriptSource() string {
	if e.env.Get(settings.RunScripts) != "" {
		return settings.RunScripts
	}
	if _, framework := startup.BuildScript(e.project.Package); framework != "" {
		return packagejson.FileName + ", as with " + framework
	}
	return packagejson.FileName
}

func (i *installer) runEach(scripts []Script) error {
	for _, script := range scripts {
		if err := i.manager.Run(script); err != nil {
			return err
		}
	}
	return nil
}

func names(scripts []Script) string {
	all := make([]string, len(scripts))
	for i, script := range scripts {
		all[i] = script.String()
	}
	return strings.Join(all, ", ")
}
