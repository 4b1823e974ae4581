package startup

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// found is a framework of a project, with a possible outcome of its build.
type found struct {
	framework
	outcome
	evidence string // "next is a dependency"
}

// frameworks returns the project's frameworks with the outcomes whose conditions
// hold, in the table's order.
func (d *decider) frameworks() []found {
	var all []found
	for _, row := range frameworks {
		evidence := d.evidence(row)
		if evidence == "" {
			continue
		}
		for _, o := range row.Outcomes {
			if d.holds(row, o) {
				all = append(all, found{row, o, evidence})
			}
		}
	}
	return d.built(all)
}

// built returns the project's frameworks without the sites that no script builds: a
// framework whose own script builds the project comes before them, such as Storybook,
// which needs Vite.
func (d *decider) built(all []found) []found {
	if d.getenv(settings.RunScripts) != "" {
		return all
	}
	_, because := BuildScript(d.pkg)
	at := slices.IndexFunc(all, func(one found) bool { return one.Name == because })
	if at < 0 {
		return all
	}
	for i := at; i < len(all); i++ {
		if all[i].Name == because {
			all[i].Weak = false
		}
	}
	before := slices.DeleteFunc(slices.Clone(all[:at]), func(one found) bool { return len(one.Static) > 0 })
	return append(before, all[at:]...)
}

// evidence says how a project shows a framework, or returns an empty text.
func (d *decider) evidence(row framework) string {
	if d.depends(row.Excludes) != "" {
		return ""
	}
	if name := d.depends(row.Packages); name != "" {
		return name + " is a dependency"
	}
	for _, pattern := range row.Files {
		if file := d.glob(pattern); len(file) > 0 {
			return file[0]
		}
	}
	for _, script := range developing {
		for _, words := range calls(d.pkg.Scripts[script]) {
			if program := programName(words); slices.Contains(row.Programs, program) {
				return fmt.Sprintf("the script %s calls %s", script, program)
			}
		}
	}
	return ""
}

// developing are the usual scripts that show a framework.
var developing = []string{"dev", "start", "build", "serve", "preview"}

// depends returns the first of some packages on which the project depends.
func (d *decider) depends(names []string) string {
	for _, name := range names {
		for _, list := range []map[string]string{d.pkg.Dependencies, d.pkg.DevDependencies, d.pkg.OptionalDependencies} {
			if _, ok := list[name]; ok {
				return name
			}
		}
	}
	return ""
}

// holds reports whether the conditions of an outcome hold.
func (d *decider) holds(row framework, o outcome) bool {
	switch {
	case o.Depends != nil && d.depends(o.Depends) == "", d.depends(o.Lacks) != "":
		return false
	case o.Major > 0 && !d.isFrom(row.Packages, o.Major):
		return false
	case o.Script != "" && !slices.ContainsFunc(d.builds(), func(script string) bool { return matches(o.Script, script) }):
		return false
	case o.File == "":
		return true
	}
	texts := d.read(o.File)
	has := slices.ContainsFunc(texts, func(text string) bool { return matches(o.Has, text) })
	hasnt := o.Hasnt != "" && slices.ContainsFunc(texts, func(text string) bool { return matches(o.Hasnt, text) })
	return has && !hasnt
}

// firstNumber matches the major version that a range names first.
var firstNumber = regexp.MustCompile(`\d+`)

// isFrom reports whether the range of a package begins with a major version or a
// later one. A range without numbers means the newest one.
func (d *decider) isFrom(packages []string, major int) bool {
	name := d.depends(packages)
	for _, list := range []map[string]string{d.pkg.Dependencies, d.pkg.DevDependencies, d.pkg.OptionalDependencies} {
		if spec, ok := list[name]; ok {
			number, err := strconv.Atoi(firstNumber.FindString(spec))
			return err != nil || number >= major
		}
	}
	return true
}

// glob returns the project's files that match a pattern, relative to its folder,
// without packages.
func (d *decider) glob(pattern string) []string {
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(d.Dir)
	matches, err := filepath.Glob(escaped + "/" + pattern)
	if err != nil {
		return nil
	}
	var all []string
	for _, match := range matches {
		file, err := filepath.Rel(d.Dir, match)
		if err == nil && !slices.Contains(strings.Split(file, "/"), "node_modules") {
			all = append(all, file)
		}
	}
	slices.Sort(all)
	return all
}

// isFile reports whether the project has a regular file.
func (d *decider) isFile(name string) bool {
	if !filepath.IsLocal(name) {
		return false
	}
	info, err := os.Stat(filepath.Join(d.Dir, name))
	return err == nil && info.Mode().IsRegular()
}

// comments matches comments of JavaScript, roughly: an address and a pattern in a
// text have a character before the slash.
var comments = regexp.MustCompile(`(?s:(?:^|[\s,;{}(])/\*.*?\*/)|(?m:(?:^|[\s,;{}(])//.*$)`)

// maxConfig is the size limit in bytes of a configuration file.
const maxConfig = 1 << 20

// read returns the texts of the files that match one of some patterns, with blanks
// between, without comments.
func (d *decider) read(patterns string) (texts []string) {
	var names []string
	for _, pattern := range strings.Fields(patterns) {
		names = append(names, d.glob(pattern)...)
	}
	for _, name := range names {
		file := filepath.Join(d.Dir, name)
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > maxConfig {
			continue
		}
		raw, err := regular.ReadFile(file)
		if err != nil {
			continue
		}
		if text, err := textfile.Decode(raw); err == nil {
			texts = append(texts, comments.ReplaceAllString(string(text), ""))
		}
	}
	return texts
}

// hasPackage reports whether the project has a package.json.
func (d *decider) hasPackage() bool { return d.isFile(packagejson.FileName) }
