package startup

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// defaultBuild is the script that builds an app by default.
const defaultBuild = "build"

// BuildScript returns the script that builds a project without a setting: build,
// or else one with a name that the project's framework uses, such as docs:build.
// It is empty if there is none. Because is the framework, or empty.
func BuildScript(pkg packagejson.Package) (name, because string) {
	if strings.TrimSpace(pkg.Scripts[defaultBuild]) != "" {
		return defaultBuild, ""
	}
	d := &decider{pkg: pkg}
	for _, row := range frameworks {
		if d.depends(row.Packages) == "" || d.depends(row.Excludes) != "" || row.Weak && pkg.Scripts[defaultScript] != "" {
			continue
		}
		at := slices.IndexFunc(row.Builds, func(name string) bool { return strings.TrimSpace(pkg.Scripts[name]) != "" })
		if at >= 0 {
			return row.Builds[at], row.Name
		}
	}
	return "", ""
}

// BuildVariables returns variables, as NAME=VALUE, with which the project's
// framework builds a server for Node.js. With them, a build may install packages
// that only it needs. It is empty for nearly all projects.
func BuildVariables(p Project, getenv settings.Getenv) (all []string) {
	d := &decider{Project: p, getenv: getenv, pkg: p.Package}
	for _, one := range d.frameworks() {
		if one.Weak {
			continue
		}
		for _, pair := range one.BuildSets {
			if name, _, _ := strings.Cut(pair, "="); getenv(name) == "" {
				all = append(all, pair)
			}
		}
		break
	}
	return all
}

// buildScripts returns the names of the scripts that run in the build.
func (d *decider) buildScripts() []string {
	switch text := strings.TrimSpace(d.getenv(settings.RunScripts)); text {
	case "":
		name, _ := BuildScript(d.pkg)
		return strings.Fields(name)
	case "none":
		return nil
	default:
		names := strings.Split(text, ",")
		for i := range names {
			names[i] = strings.TrimSpace(names[i])
		}
		return names
	}
}

// builds returns the texts of the scripts that build, with those of the scripts
// that they call.
func (d *decider) builds() (texts []string) {
	var follow func(name string, depth int)
	follow = func(name string, depth int) {
		text := d.pkg.Scripts[name]
		if text == "" || depth > maxFollows || slices.Contains(texts, text) {
			return
		}
		texts = append(texts, text)
		for _, words := range calls(text) {
			for _, next := range scriptsOf(words) {
				follow(next, depth+1)
			}
		}
	}
	for _, name := range d.buildScripts() {
		follow(name, 0)
	}
	return texts
}
