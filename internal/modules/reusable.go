package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// reusable reports whether a layer may be reused at all, and why not.
//
// A script of the project or of a workspace may read and write anything in the app.
// If it does not run again, the app image lacks its output.
func (e *engine) reusable(s spec) (why string, ok bool, err error) {
	if e.method.Kind == Resolved || e.method.InApp {
		return "", false, nil
	}
	folders, err := e.selection.folders(s.dev())
	if err != nil {
		return "", false, err
	}
	if e.project.Workspace == "" || s.dev() {
		folders = append([]string{"."}, folders...)
	}
	for _, folder := range folders {
		if strings.HasPrefix(folder, "..") {
			return fmt.Sprintf("the dependency in %s is outside of the project", folder), false, nil
		}
		dir := filepath.Join(e.project.Dir, folder)
		pkg, err := packagejson.Read(dir)
		if err != nil {
			continue // the manager will report it
		}
		names := OwnScripts(pkg, e.manager.Words().InstallScripts)
		if !s.prepares() {
			names = slices.DeleteFunc(names, installscripts.IsPreparing) // these do not run
		}
		if len(names) > 0 {
			return fmt.Sprintf("%s has the script %s, which may write anywhere in the app",
				filepath.Join(folder, packagejson.FileName), strings.Join(names, ", ")), false, nil
		}
		if _, err := os.Stat(filepath.Join(dir, "binding.gyp")); err == nil {
			return fmt.Sprintf("%s makes %s compile into the app", filepath.Join(folder, "binding.gyp"), e.manager.Words().Name), false, nil
		}
	}
	return "", true, nil
}

// OwnScripts returns the names of a package's scripts that the manager runs on
// install, sorted, without those that only call husky.
func OwnScripts(pkg packagejson.Package, installScripts []string) []string {
	var names []string
	for _, name := range installScripts {
		command := strings.TrimSpace(pkg.Scripts[name])
		if command != "" && !installscripts.OnlyHusky(command) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
