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

// fail ends detection with exit status 100, so that other groups are tried. It
// prints the failure's text, in which a platform finds the id, the cause and the
// remedy.
func fail(f *failure.Failure) error { return packit.Fail.WithMessage("%s", f) }

// packageMissing ends detection for a project folder without a package.json. It
// names the folders of the app that have one. An app without any is no Node.js
// app, and its developer has made no mistake.
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

// maxListed is the maximal number of folders in a message.
const maxListed = 5

// projectsBelow returns folders of the app with a package.json, at most two
// levels down, as relative paths; at most [maxListed].
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

// below returns the paths in a folder that match a pattern. The folder's own name
// is literal.
func below(folder, pattern string) []string {
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
	found, _ := filepath.Glob(filepath.Join(escaped, pattern)) // fails only for an invalid pattern
	return found
}

// hidden is true for a folder outside of a project's sources.
func hidden(folder string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(folder), "/"), func(name string) bool {
		return name == nodemodules.Dir || strings.HasPrefix(name, ".")
	})
}

// scriptMissing ends detection for a project without a start script. The remedy
// begins with the most likely fix.
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

// fromRoot returns the path relative to the app of a path relative to the
// project.
func (s start) fromRoot(folder string) string {
	relative, err := filepath.Rel(s.root, filepath.Join(s.dir, folder))
	if err != nil {
		return folder
	}
	return filepath.ToSlash(relative)
}

// likely returns the command that would start an app without a start script: the
// process web of a Procfile, server.js, or its main file; or "".
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
