package startup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// script is a script of package.json as a process.
type script struct {
	Process
	passed string // why it is passed over; empty if it applies
	ends   string // "only builds", if it ends by itself, at once
	lacks  bool   // the app image lacks what it calls
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
	var changes, more []string
	rest, changes = d.adapted(rest)
	s.Pre, more = d.adapted(s.Pre)
	for _, change := range append(changes, more...) {
		s.Evidence += ", " + change
	}
	if s.Command = rest; rest == "" {
		s.Command = d.pkg.Scripts[name]
		s.ends = "only builds"
		s.passed = fmt.Sprintf("the script %s %s", name, s.ends)
		return s
	}
	if why := d.development(rest, []string{name}); why != "" {
		s.passed = fmt.Sprintf("the script %s %s", name, why)
	} else if why := d.refused(rest); why != "" {
		s.passed = fmt.Sprintf("the script %s %s", name, why)
	} else if program := lastEnds(rest); program != "" {
		s.ends = fmt.Sprintf("only runs %s, which ends by itself", program)
		s.passed = fmt.Sprintf("the script %s %s", name, s.ends)
	} else if s.ends = ofDesktop(rest); s.ends != "" {
		s.passed = fmt.Sprintf("the script %s %s", name, s.ends)
	} else if why := d.cannotRun(s.Process); why != "" {
		s.passed, s.lacks = why, true
	}
	return s
}

// refused says that a script's last command refuses what the framework builds, or
// returns an empty text.
func (d *decider) refused(text string) string {
	all := calls(text)
	for _, one := range d.found {
		if one.Refuses == "" || len(all) == 0 || d.Built && !d.hasSite(one) {
			continue
		}
		words := slices.Clone(all[len(all)-1])
		words[0] = programName(words)
		if want := strings.Fields(one.Refuses); len(words) >= len(want) && slices.Equal(words[:len(want)], want) {
			return fmt.Sprintf("runs %s, which refuses what %s builds with this configuration", one.Refuses, one.Name)
		}
	}
	return ""
}

// hasSite reports whether the folder of a framework's site is there.
func (d *decider) hasSite(one found) bool { return Site{Roots: d.roots(one.outcome)}.Root(d.Dir) != "" }

// lastEnds returns the program of a script's last command if that ends by itself.
func lastEnds(text string) string {
	all := calls(text)
	if len(all) == 0 {
		return ""
	}
	words := all[len(all)-1]
	if program := programName(words); Ends(program, words[1:]) {
		return program
	}
	return ""
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
	if r, ok := d.managerRun(words); ok && (r.manager != "npm" || !slices.ContainsFunc(r.arguments, isElsewhere)) {
		return slices.Contains(d.buildScripts(), r.script) || r.installs && r.manager != "npm"
	}
	if isLasting(words) {
		return false
	}
	return slices.ContainsFunc(d.builds(), func(script string) bool {
		parts, _ := shellscript.List(script)
		for _, part := range parts {
			if part.Words[0] == "cd" {
				return false // the build runs the rest in another folder
			}
			if script[part.Start:part.End] == text {
				return true
			}
		}
		return false
	})
}

// isElsewhere reports whether an argument has npm run the script of another
// folder.
func isElsewhere(argument string) bool {
	name, _, _ := strings.Cut(argument, "=")
	return slices.Contains([]string{"--prefix", "--workspace", "--workspaces", "-w", "-ws", "-C"}, name)
}

// isLasting reports whether a command matters for the start although the build has
// run it: it changes the shell, or data that the build may not even have.
func isLasting(words []string) bool {
	words = unwrapped(words)
	if len(words) == 0 {
		return false
	}
	program := programName(words)
	return slices.Contains(changingShell, program) || slices.Contains(changingData, program) && !slices.Contains(words, "generate")
}

var (
	changingShell = strings.Fields("cd export set unset umask ulimit")
	changingData  = strings.Fields("prisma knex sequelize sequelize-cli typeorm drizzle-kit mikro-orm db-migrate node-pg-migrate migrate-mongo")
)

// expand replaces commands of yarn, pnpm and bun that run a script by the
// script's text, or by npm's command for it.
func (d *decider) expand(text string, follows []string) string {
	parts, ok := shellscript.List(text)
	if !ok || len(follows) > maxFollows {
		return text
	}
	for _, part := range slices.Backward(parts) {
		words := unwrapped(part.Words)
		r, ok := d.managerRun(words)
		if !ok || r.script == "" || r.manager == "npm" || slices.Contains(follows, r.script) {
			continue
		}
		at := len(part.Words) - len(words)
		from, to := part.Places[at][0], part.Places[len(part.Places)-1][1]
		if len(r.arguments) > 0 {
			to = part.Places[len(part.Places)-len(r.arguments)][0]
		}
		if strings.ContainsAny(text[from:to], "<>") || slices.ContainsFunc(part.Words[:at], isFetching) {
			continue
		}
		inner := ""
		if at == 0 {
			inner = d.inline(r, from > part.Start, len(parts) > 1, follows)
		}
		if inner == "" {
			inner = "npm run " + r.script
			if len(r.arguments) > 0 {
				inner += " --"
			}
		}
		if len(r.arguments) > 0 {
			inner += " "
		}
		text = text[:from] + inner + text[to:]
	}
	return text
}

// inline returns the text of a script that takes the place of a command: after
// variables, beside other commands. It is empty if npm has to run the script.
func (d *decider) inline(r run, variables, beside bool, follows []string) string {
	if d.pkg.Scripts["pre"+r.script] != "" || d.pkg.Scripts["post"+r.script] != "" || slices.Contains(d.buildScripts(), r.script) {
		return ""
	}
	inner := d.expand(strings.TrimSpace(d.pkg.Scripts[r.script]), append(slices.Clone(follows), r.script))
	if !beside && !variables && len(r.arguments) == 0 {
		return inner
	}
	parts, _ := shellscript.List(inner)
	if len(parts) != 1 || parts[0].End < len(inner) || variables && strings.Contains(inner, "$") {
		return "" // variables count in a shell of its own only
	}
	return inner
}

// isFetching reports whether a wrapper looks for the program in the registry.
func isFetching(word string) bool { return slices.Contains([]string{"npx", "bunx", "pnpx"}, word) }

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
