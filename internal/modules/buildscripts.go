package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

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
}

// String returns the script's name, with the folder of a workspace.
func (s Script) String() string {
	if s.Folder == "" {
		return s.Name
	}
	return s.Name + " of " + s.Folder
}

// planScripts returns the build scripts. For a workspace, the build scripts of the
// workspaces that it depends on come first, in dependency order.
func (e *engine) planScripts() ([]Script, error) {
	names, err := BuildScripts(e.env.Get, e.project.Package)
	if err != nil || e.env.Get(settings.RunScripts) == NoScripts {
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
			all = append(all, Script{folder, pkg, defaultScript})
		}
	}
	for _, name := range names {
		all = append(all, Script{e.project.Workspace, e.project.Package, name})
	}
	return all, nil
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
		defaultScript, nodemodules.Dir, strings.ReplaceAll(failure.List(unmet), "%", "%%"))
	e.log.Subprocess("Delete %s from the app to have all installed, or set %s=%s to end this warning.", nodemodules.Dir, settings.RunScripts, NoScripts)
	e.log.Break()
	return false, nil
}

// runScripts runs the scripts; node_modules has all dependencies.
func (i *installer) runScripts() error {
	source := settings.RunScripts
	if i.env.Get(settings.RunScripts) == "" {
		source = packagejson.FileName
		if _, framework := startup.BuildScript(i.project.Package); framework != "" {
			source += ", as with " + framework
		}
	}
	var names []string
	for _, script := range i.scripts {
		names = append(names, script.String())
	}
	i.log.Process("Executing build scripts: %s (%s)", strings.Join(names, ", "), source)
	for _, script := range i.scripts {
		if err := i.manager.Run(script); err != nil {
			return err
		}
	}
	return nil
}
