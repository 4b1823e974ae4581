package startup

import (
	"fmt"
	"slices"

	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// cannotRun says why a process cannot run in the app image, as far as it is known.
// It says nothing if only a command before the last one cannot: that one may
// matter, and the build says what is wrong with it.
func (d *decider) cannotRun(p Process) string {
	ask := d.CannotRun
	if ask == nil {
		ask = d.lacking
	}
	why := ask(p)
	parts, _ := shellscript.List(p.Command)
	if why == "" || len(parts) < 2 && p.Pre == "" {
		return why
	}
	last := Process{Type: p.Type, Script: p.Script, Command: p.Command}
	if len(parts) > 0 {
		last.Command = p.Command[parts[len(parts)-1].Start:]
	}
	return ask(last)
}

// lacking says which program of a process is only for development, as package.json
// says.
func (d *decider) lacking(p Process) string {
	for _, text := range []string{p.Pre, p.Command} {
		if why := d.lacks(text, nil); why != "" && p.Script == "" {
			return "it calls " + why
		} else if why != "" {
			return fmt.Sprintf("the script %s calls %s", p.Script, why)
		}
	}
	return ""
}

// lacks names a program of a script that is only for development, as package.json
// says.
func (d *decider) lacks(text string, follows []string) string {
	parts, ok := shellscript.List(text)
	if !ok || len(follows) > maxFollows {
		return ""
	}
	elsewhere := false
	for i, part := range parts {
		if i > 0 && part.Op != "&&" && part.Op != ";" {
			return ""
		}
		words := part.Words
		elsewhere = elsewhere || words[0] == "cd"
		if inner := unwrapped(words); len(inner) > 0 && slices.Contains(managers, inner[0]) && inner[0] != "npm" && !(d.HasBun && inner[0] == "bun") {
			if r, ok := d.managerRun(inner); elsewhere || !ok || r.script == "" {
				return inner[0] + ", which the app image does not have"
			}
		}
		if elsewhere {
			continue // other scripts and packages count there
		}
		for _, one := range [][]string{words, unwrapped(words)} {
			if len(one) > 0 && d.onlyForDevelopment(PackageOf(programName(one))) {
				return fmt.Sprintf("%s, which is only for development: %s is under devDependencies", programName(one), PackageOf(programName(one)))
			}
		}
		for _, next := range scriptsOf(unwrapped(words)) {
			if inner := d.pkg.Scripts[next]; inner != "" && !slices.Contains(follows, next) {
				if why := d.lacks(inner, append(slices.Clone(follows), next)); why != "" {
					return why
				}
			}
		}
	}
	return ""
}

// onlyForDevelopment reports whether a package is under devDependencies alone, and
// the user does not keep these.
func (d *decider) onlyForDevelopment(pkg string) bool {
	if KeepsDevelopment(d.getenv) {
		return false
	}
	_, development := d.pkg.DevDependencies[pkg]
	_, production := d.pkg.Dependencies[pkg]
	_, optional := d.pkg.OptionalDependencies[pkg]
	return development && !production && !optional
}
