package npmstart

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// fail is a detection that does not take the app, exit status 100, so that
// other groups are tried. What it prints is the failure's text: a platform
// finds the id, the cause and the remedy there.
func fail(f *failure.Failure) error { return packit.Fail.WithMessage("%s", f) }

// packageMissing is the answer for a project's folder without a package.json.
// It names the folders of the app that have one. Without any the app is none
// for Node.js, and that is no failure of its developer's.
func packageMissing(root, dir string) error {
	cause := fmt.Sprintf("no %s in %s", packagejson.FileName, dir)
	folders := projectsBelow(root)
	if len(folders) == 0 {
		return packit.Fail.WithMessage("%s", cause)
	}
	return fail(&failure.Failure{
		ID:     "package-json-missing",
		Cause:  cause,
		Remedy: fmt.Sprintf("set %s to the folder of the project: %s.", settings.ProjectPath, strings.Join(folders, ", ")),
	})
}

// maxListed is how many folders a message names.
const maxListed = 5

// projectsBelow are folders of the app with a package.json, at most two levels
// down, as paths relative to it; at most [maxListed].
func projectsBelow(root string) []string {
	var found []string
	for _, pattern := range []string{"*", "*/*"} {
		for _, file := range below(root, pattern+"/"+packagejson.FileName) {
			folder, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil || hidden(folder) {
				continue
			}
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				found = append(found, filepath.ToSlash(folder))
			}
		}
	}
	return found[:min(len(found), maxListed)]
}

// below are the paths in a folder that a pattern stands for. The folder's own
// name is none.
func below(folder, pattern string) []string {
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
	found, _ := filepath.Glob(filepath.Join(escaped, pattern)) // which fails for a bad pattern alone
	return found
}

// hidden is true for a folder that is no part of a project's sources.
func hidden(folder string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(folder), "/"), func(name string) bool {
		return name == nodemodules.Dir || strings.HasPrefix(name, ".")
	})
}

// scriptMissing is the answer for a project that has nothing to start. The
// remedy begins with what is most likely meant.
func (s start) scriptMissing() error {
	cause := fmt.Sprintf("no %s script in %s; its scripts: %s", s.name, packagejson.FileName, s.pkg.DescribeScripts())
	var ways []string
	if folders := startable(s.dir, s.pkg, s.name); len(folders) > 0 {
		for i, folder := range folders {
			folders[i] = s.fromRoot(folder)
		}
		cause += fmt.Sprintf(". Its workspaces that have one: %s", strings.Join(folders, ", "))
		ways = append(ways, fmt.Sprintf("set %s to the folder of the workspace to start (%s)", settings.ProjectPath, strings.Join(folders, ", ")))
	}
	if command := s.likely(); command != "" {
		ways = append(ways, fmt.Sprintf("add %q: %q to the scripts of %s", s.name, command, packagejson.FileName))
	} else {
		ways = append(ways, fmt.Sprintf("add a script %s to %s that starts the app, such as `node server.js`", s.name, packagejson.FileName))
	}
	if len(s.pkg.ScriptNames()) > 0 {
		ways = append(ways, fmt.Sprintf("set %s to the script that starts it", settings.StartScript))
	}
	return fail(&failure.Failure{ID: packagejson.StartScriptMissingID, Cause: cause, Remedy: strings.Join(ways, ", or ") + "."})
}

// fromRoot is the path from the app's folder to one that is relative to the
// project's.
func (s start) fromRoot(folder string) string {
	relative, err := filepath.Rel(s.root, filepath.Join(s.dir, folder))
	if err != nil {
		return folder
	}
	return filepath.ToSlash(relative)
}

// likely is the command that would start an app without a start script: its
// line web of a Procfile, server.js, or its main file. It is empty where there
// is none of them.
func (s start) likely() string {
	for _, process := range procfile.Read(s.root) {
		if process.Type == webProcess && s.root == s.dir {
			return process.Command
		}
	}
	for _, name := range []string{"server.js", s.pkg.Main} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(s.dir, name)); err == nil && info.Mode().IsRegular() {
			return "node " + name
		}
	}
	return ""
}
