package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// reusable tells whether a layer may be reused at all, and why not.
//
// A script of the project's own, or of a workspace's, may write anywhere into
// the app, and may read anything there; without running it again the app
// image would lack what it writes.
func (e *engine) reusable(s spec) (why string, ok bool, err error) {
	if e.method.Kind == Resolved {
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
			continue // the manager will say so
		}
		if names := OwnScripts(pkg, e.manager.Words().InstallScripts); len(names) > 0 {
			return fmt.Sprintf("%s has the script %s, which may write anywhere in the app",
				filepath.Join(folder, packagejson.FileName), strings.Join(names, ", ")), false, nil
		}
		if _, err := os.Stat(filepath.Join(dir, "binding.gyp")); err == nil {
			return fmt.Sprintf("%s makes %s compile into the app", filepath.Join(folder, "binding.gyp"), e.manager.Words().Name), false, nil
		}
	}
	return "", true, nil
}

// onlyHusky matches a command of husky's that sets up git hooks, and of which the
// app image has nothing.
var onlyHusky = regexp.MustCompile(`^husky(?: install(?: [\w./-]+)?)?(?: *\|\| *(?:true|exit 0|:))?$`)

// OwnScripts returns the names of those of a manager's install scripts that a
// package has, sorted, but for those that are only husky's.
func OwnScripts(pkg packagejson.Package, installScripts []string) []string {
	var names []string
	for _, name := range installScripts {
		command := strings.TrimSpace(pkg.Scripts[name])
		if command != "" && !onlyHusky.MatchString(command) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
