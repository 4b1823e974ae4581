package npmstart

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
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

// nothingStarts is the failure for a project that nothing starts. The remedy begins
// with the most likely fix.
func (s start) nothingStarts(getenv settings.Getenv) *failure.Failure {
	cause := fmt.Sprintf("no start script in %s, and nothing else that starts the app. There is none of these: %s. Its scripts: %s", packagejson.FileName, strings.Join(s.app.Looked, "; "), s.pkg.DescribeScripts())
	for _, why := range s.app.Passed {
		cause += ". " + strings.ToUpper(why[:1]) + why[1:]
	}
	var ways []string
	if lines, way := s.workspaceWay(getenv); way != "" {
		cause += lines
		ways = append(ways, way)
	}
	if s.app.Fix != "" {
		ways = append(ways, s.app.Fix)
	}
	ways = append(ways, fmt.Sprintf("add a script %s to %s that starts the app, such as `node server.js`", defaultScript, packagejson.FileName))
	if len(s.pkg.ScriptNames()) > 0 {
		ways = append(ways, fmt.Sprintf("set %s to the script that starts it", settings.StartScript))
	}
	ways = append(ways, fmt.Sprintf("set %s to the command that starts it", settings.StartCommand),
		fmt.Sprintf("set %s to the folder of files that its build makes", settings.StaticRoot))
	return &failure.Failure{ID: packagejson.StartScriptMissingID, Cause: cause, Remedy: strings.Join(ways, ", or ") + "."}
}

// workspaceWay lists the workspaces that can be started, for a cause, and says for
// a remedy how to choose one. Both are empty without any.
func (s start) workspaceWay(getenv settings.Getenv) (lines, way string) {
	all, err := project.FindStartable(s.dir, getenv)
	if err != nil || len(all) == 0 {
		return "", ""
	}
	var folders, described []string
	for _, one := range all {
		folders = append(folders, s.fromRoot(one.Folder))
		described = append(described, fmt.Sprintf("%s (%s)", s.fromRoot(one.Folder), one.Evidence()))
	}
	return ". Its workspaces that can be started: " + strings.Join(described, ", "),
		fmt.Sprintf("set %s to the folder of one of them: %s", settings.ProjectPath, settings.ProjectPath+"="+strings.Join(folders, ", or "+settings.ProjectPath+"="))
}

// fromRoot returns the path relative to the app of a path relative to the
// project.
func (s start) fromRoot(folder string) string {
	relative, _ := filepath.Rel(s.root, filepath.Join(s.dir, folder)) // both are absolute
	return filepath.ToSlash(relative)
}

// builtSite is the failure for a project that was taken for a server, and whose
// build has made a site.
func (s start) builtSite() error {
	return &failure.Failure{
		ID:     packagejson.StartScriptMissingID,
		Cause:  fmt.Sprintf("nothing starts the app, and its build has made files for a web server: %s. There is none of these: %s", s.app.Site.Root(s.dir), strings.Join(s.app.Looked, "; ")),
		Remedy: fmt.Sprintf("set %s=%s to have the files served, or %s to the command that starts the app.", settings.StaticRoot, s.app.Site.Root(s.dir), settings.StartCommand),
	}
}
