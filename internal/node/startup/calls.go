package startup

import (
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// maxFollows is the maximal depth of scripts that call scripts.
const maxFollows = 12

// calls returns the commands of a script, without the programs that only start
// others. It returns none for what [shellscript.List] cannot parse.
func calls(script string) (all [][]string) {
	parts, _ := shellscript.List(script)
	for _, part := range parts {
		if words := unwrapped(part.Words); len(words) > 0 {
			all = append(all, words)
		}
	}
	return all
}

// wrappers start the command in their arguments, after variables and options.
var wrappers = []string{"cross-env", "env", "exec", "time", "npx", "dotenv", "dotenvx", "env-cmd", "dumb-init", "tini", "bunx", "pnpx"}

// unwrapped returns the command that a command starts: the same, or one in its
// arguments.
func unwrapped(words []string) []string {
	for len(words) > 0 && slices.Contains(wrappers, path.Base(words[0])) {
		program := path.Base(words[0])
		words = words[1:]
		if at := slices.Index(words, "--"); at >= 0 {
			words = words[at+1:]
			continue
		}
		for len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=") || program == "dotenvx" && words[0] == "run") {
			words = words[1:]
		}
	}
	return words
}

// programName returns the name of a command's program, without a version and a
// folder: "eleventy" for "@11ty/eleventy@3".
func programName(words []string) string {
	name := words[0]
	if at := strings.LastIndex(name, "@"); at > 0 {
		name = name[:at]
	}
	return path.Base(name)
}

// managers are the package managers whose commands run scripts.
var managers = []string{"npm", "yarn", "pnpm", "bun"}

// run is a command of a package manager.
type run struct {
	manager   string
	script    string   // the script that it runs, or empty
	arguments []string // for the script
	installs  bool     // it installs the dependencies
}

// quietOptions only change what a manager prints, or are about missing scripts.
var quietOptions = []string{"-s", "--silent", "-q", "--quiet", "-d", "--verbose", "--no-update-notifier", "--no-fund", "--no-audit", "--if-present", "--bun", "-b"}

// yarnsValues are the options of yarn before a command with a value after a blank.
var yarnsValues = []string{"--cache-folder", "--modules-folder", "--mutex", "--network-concurrency", "--network-timeout", "--registry"}

// managerCommands are commands of yarn, pnpm and bun that are not scripts.
var managerCommands = strings.Fields("add audit cache config create dlx exec explain global help info init install link list node outdated pack patch publish remove set unlink up update upgrade version why workspace workspaces x")

// managerRun parses a command of a package manager. Ok is false for any other
// command, and for one for another folder.
func (d *decider) managerRun(words []string) (r run, ok bool) {
	if len(words) == 0 || !slices.Contains(managers, words[0]) {
		return run{}, false
	}
	r.manager = words[0]
	rest := words[1:]
	for len(rest) > 0 && slices.Contains(quietOptions, rest[0]) {
		rest = rest[1:]
	}
	for r.manager == "yarn" && len(rest) > 0 && strings.HasPrefix(rest[0], "-") && !strings.HasPrefix(rest[0], "--cwd") {
		if slices.Contains(yarnsValues, rest[0]) && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		r.installs = r.manager == "yarn"
		return r, r.installs
	}
	switch name := rest[0]; {
	case strings.HasPrefix(name, "-"):
		return run{}, false
	case name == "install" || name == "i" && r.manager != "yarn" || name == "ci" && r.manager == "npm":
		r.installs = true
		return r, true
	case name == "run" || name == "run-script":
		rest = rest[1:]
		for len(rest) > 0 && slices.Contains(quietOptions, rest[0]) {
			rest = rest[1:]
		}
	case r.manager == "npm" && !slices.Contains([]string{"start", "test", "stop", "restart"}, name):
		return run{}, false
	case slices.Contains(managerCommands, name):
		return run{}, false
	}
	if len(rest) == 0 || d.pkg.Scripts[rest[0]] == "" {
		return run{}, false
	}
	r.script, r.arguments = rest[0], rest[1:]
	if len(r.arguments) > 0 && r.arguments[0] == "--" {
		r.arguments = r.arguments[1:]
	}
	return r, true
}

// scriptsOf returns the names after a manager or a runner of scripts that may be
// scripts of the project.
func scriptsOf(words []string) []string {
	program := programName(words)
	runner := slices.Contains([]string{"run-s", "run-p", "npm-run-all", "npm-run-all2"}, program)
	switch {
	case slices.Contains(managers, program), runner:
		return words[1:]
	case program == "node" && len(words) > 2 && words[1] == "--run":
		return words[2:3]
	case program == "concurrently":
		var names []string
		for _, word := range words[1:] {
			for _, inner := range calls(word) {
				if slices.Contains(managers, inner[0]) {
					names = append(names, inner[1:]...)
				} else if manager, name, ok := strings.Cut(inner[0], ":"); ok && slices.Contains(managers, manager) {
					names = append(names, name)
				}
			}
		}
		return names
	}
	return nil
}
