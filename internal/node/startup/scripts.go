package startup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// buildScripts returns the names of the scripts that run in the build.
func (d *decider) buildScripts() []string {
	switch text := strings.TrimSpace(d.getenv(settings.RunScripts)); text {
	case "":
		return []string{"build"}
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

// script is a script of package.json as a process.
type script struct {
	Process
	passed string // why it is passed over; empty if it applies
}

// script returns a script as a process: without what the build has done, and with
// the text of the scripts that another manager than npm would run, since the app
// image has npm alone.
func (d *decider) script(name string) script {
	s := script{Process: Process{Type: WebProcess, Script: name, Pre: d.pkg.Scripts["pre"+name], Post: d.pkg.Scripts["post"+name]}}
	text := d.expand(strings.TrimSpace(d.pkg.Scripts[name]), []string{name})
	rest, dropped := d.withoutBuilding(text)
	if s.Pre != "" {
		pre, more := d.withoutBuilding(d.expand(s.Pre, []string{"pre" + name}))
		s.Pre, dropped = pre, append(more, dropped...)
	}
	s.Post = d.expand(s.Post, []string{"post" + name})
	s.Evidence = fmt.Sprintf("%s: the script %s", packagejson.FileName, name)
	if len(dropped) > 0 {
		s.Evidence += fmt.Sprintf(", without %s, which the build has done", strings.Join(dropped, " and "))
	}
	if s.Command = rest; rest == "" {
		s.Command = d.pkg.Scripts[name]
		s.passed = fmt.Sprintf("the script %s only builds", name)
		return s
	}
	if why := d.development(rest, []string{name}); why != "" {
		s.passed = fmt.Sprintf("the script %s %s", name, why)
	} else if why := d.cannotRun(s.Process); why != "" {
		s.passed = why
	}
	return s
}

// withoutBuilding takes off the commands at the beginning of a script that the
// build runs, too, and returns these. Nothing is left of a script that only
// builds.
func (d *decider) withoutBuilding(text string) (rest string, dropped []string) {
	parts, ok := shellscript.List(text)
	if !ok {
		return text, nil
	}
	for i, part := range parts {
		next := i + 1
		if !d.isBuilding(part.Words, text[part.Start:part.End]) || next < len(parts) && parts[next].Op != "&&" && parts[next].Op != ";" {
			break
		}
		dropped = append(dropped, text[part.Start:part.End])
		if rest = ""; next < len(parts) {
			rest = text[parts[next].Start:]
		}
	}
	if dropped == nil {
		return text, nil
	}
	return rest, dropped
}

// isBuilding reports whether a command is one that the build runs: a script for
// building, a command of one, or an install by a manager that the image lacks.
func (d *decider) isBuilding(words []string, text string) bool {
	if r, ok := d.managerRun(words); ok {
		return slices.Contains(d.buildScripts(), r.script) || r.installs && r.manager != "npm"
	}
	return slices.ContainsFunc(d.builds(), func(script string) bool {
		parts, _ := shellscript.List(script)
		return slices.ContainsFunc(parts, func(part shellscript.Part) bool { return script[part.Start:part.End] == text })
	})
}

// expand replaces commands of yarn, pnpm and bun that run a script by the
// script's text.
func (d *decider) expand(text string, follows []string) string {
	parts, ok := shellscript.List(text)
	if !ok || len(follows) > maxFollows {
		return text
	}
	for _, part := range slices.Backward(parts) {
		r, ok := d.managerRun(part.Words)
		if !ok || r.script == "" || r.manager == "npm" || slices.Contains(follows, r.script) || slices.Contains(d.buildScripts(), r.script) {
			continue
		}
		line := text[part.Start:part.End]
		at := strings.Index(line, r.manager+" ")
		before := line[:max(at, 0)]
		if at < 0 || strings.ContainsAny(line, "<>") || strings.Trim(before, variableBytes) != "" {
			continue
		}
		inner := d.expand(strings.TrimSpace(d.pkg.Scripts[r.script]), append(slices.Clone(follows), r.script))
		for _, hook := range []string{d.pkg.Scripts["pre"+r.script], d.pkg.Scripts["post"+r.script]} {
			if hook != "" {
				inner = "" // its order with the arguments is left to the manager
			}
		}
		simple, _ := shellscript.List(inner)
		if inner == "" || len(simple) != 1 && (len(parts) > 1 || before != "" || len(r.arguments) > 0) {
			continue
		}
		for _, argument := range r.arguments {
			inner += " " + quote(argument)
		}
		text = text[:part.Start] + before + inner + text[part.End:]
	}
	return text
}

// variableBytes are those of variables before a command, without quotes.
const variableBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=-.:/, "

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// development says that a script starts a development server, itself or through
// others: "starts the development server of vite". It is empty for others.
func (d *decider) development(text string, follows []string) string {
	if len(follows) > maxFollows {
		return ""
	}
	for _, words := range calls(text) {
		if program := programName(words); ServesDeveloper(program, words[1:]) {
			return fmt.Sprintf("starts the development server of %s", program)
		}
		for _, next := range append(scriptsOf(words), quoted(words)...) {
			inner, isScript := d.pkg.Scripts[next]
			if !isScript {
				inner = next
			}
			if isScript && slices.Contains(follows, next) || !isScript && !strings.Contains(next, " ") {
				continue
			}
			if why := d.development(inner, append(slices.Clone(follows), next)); why != "" {
				return why
			}
		}
	}
	return ""
}

// quoted returns the arguments of concurrently, which are commands.
func quoted(words []string) []string {
	if programName(words) == "concurrently" {
		return words[1:]
	}
	return nil
}

// cannotRun says why a process cannot run in the app image, as far as it is known.
func (d *decider) cannotRun(p Process) string {
	if d.CannotRun != nil {
		return d.CannotRun(p)
	}
	for _, text := range []string{p.Pre, p.Command} {
		if why := d.lacks(text, nil); why != "" {
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
	for i, part := range parts {
		if i > 0 && part.Op != "&&" && part.Op != ";" {
			return ""
		}
		words := part.Words
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
	if strings.Contains(d.getenv("NPM_CONFIG_INCLUDE")+d.getenv("npm_config_include"), "dev") {
		return false
	}
	_, development := d.pkg.DevDependencies[pkg]
	_, production := d.pkg.Dependencies[pkg]
	_, optional := d.pkg.OptionalDependencies[pkg]
	return development && !production && !optional
}
