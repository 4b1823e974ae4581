package npminstall

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// blockedHead and blockedLine are how npm 12 says, as a warning, whose install
// scripts it has not run. npm 11 lists the same lines under another head, and
// runs the scripts.
var (
	blockedHead = regexp.MustCompile(`(?m)^\d+ warn install-scripts \d+ packages? had install scripts blocked`)
	blockedLine = regexp.MustCompile(`(?m)^\d+ warn install-scripts   (\S+ \(.*\))$`)
)

// blockedScripts finds those in a debug log.
func blockedScripts(debug string) []string {
	if !blockedHead.MatchString(debug) {
		return nil
	}
	var all []string
	for _, line := range blockedLine.FindAllStringSubmatch(debug, -1) {
		all = append(all, line[1])
	}
	return all
}

// warnOfBlocked says what npm's log level hides: the build goes on without
// what those scripts would have made.
func (n npm) warnOfBlocked(scripts []string) {
	if len(scripts) == 0 {
		return
	}
	n.log.Action("WARNING: npm %s has not run install scripts that package.json does not allow:", n.versions.NPM)
	for _, script := range scripts {
		n.log.Detail("%s", script)
	}
	n.log.Action("Where a package needs its script, run `npm install-scripts approve NAME` and commit package.json; `deny` ends this warning.")
}

// script is a script of a package, or of the project, that failed while npm
// installed.
type script struct {
	path    string // the package's folder
	command string // as npm gives it to the shell
}

var (
	scriptPath    = regexp.MustCompile(`(?m)^path (.+)$`)
	scriptCommand = regexp.MustCompile(`(?m)^command sh -c (?:-- )?(.+)$`)
)

// script finds the script that failed, if that is what happened.
func (f fault) script() (script, bool) {
	report := f.report()
	command := scriptCommand.FindStringSubmatch(report)
	if command == nil {
		return script{}, false
	}
	found := script{command: command[1]}
	if path := scriptPath.FindStringSubmatch(report); path != nil {
		found.path = path[1]
	}
	return found, true
}

// owner is the package whose script it is, or "the project".
func (s script) owner(dir string) string {
	const marker = "node_modules/"
	if i := strings.LastIndex(s.path, marker); i >= 0 {
		return "the package " + s.path[i+len(marker):]
	}
	if rel, err := filepath.Rel(dir, s.path); err == nil && rel != "." && s.path != "" {
		return "the workspace " + rel
	}
	return "the project"
}

// A symptom tells from a script's output why it failed.
type symptom struct {
	words  *regexp.Regexp
	id     string
	cause  string
	remedy string
}

// memory is the symptom of what has no memory left.
var memory = symptom{
	words:  regexp.MustCompile(`JavaScript heap out of memory|Cannot allocate memory|ENOMEM`),
	id:     "out-of-memory",
	cause:  "there was not enough memory",
	remedy: "give the build more memory, or Node.js a larger heap with NODE_OPTIONS=--max-old-space-size=MIB.",
}

var symptoms = []symptom{
	{
		words:  regexp.MustCompile(`gyp ERR! find Python|Could not find any Python installation|Can't find Python executable`),
		id:     "python-missing",
		cause:  "node-gyp finds no Python to compile it with",
		remedy: "use a build image with python3, or set BP_NPM_INCLUDE_BUILD_PYTHON=true and add a buildpack that provides cpython.",
	},
	{
		words:  regexp.MustCompile(`not found: make|make: not found|g\+\+: not found|make: (?:cc|g\+\+): No such file|make: [\w-]*g?(?:cc|\+\+): No such file or directory`),
		id:     "compiler-missing",
		cause:  "node-gyp finds no compiler or no make",
		remedy: "use a build image with make, gcc and g++, or a version of the package that comes with binaries for the target.",
	},
	{
		// The kernel's error, as shells and Node.js say it; the last is qemu's, where
		// the host has it and the target's dynamic loader is not there.
		words:  regexp.MustCompile(`[Ee]xec format error|cannot execute binary file|\bENOEXEC\b|\bqemu-(?:aarch64|x86_64)(?:-static)?: `),
		id:     "target-program-executed",
		cause:  "it runs a program that is not for the machine that builds",
		remedy: uncrossable,
	},
	memory,
	{
		words:  regexp.MustCompile(`[Nn]o space left on device`), // ENOSPC alone may be the limit of watched files
		id:     "disk-full",
		cause:  "the disk is full",
		remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
	},
}

// failure says which script failed, and why when its output tells.
func (s script) failure(f fault) error {
	where := fmt.Sprintf("%s failed: the script `%s` of %s", f.command(), s.command, s.owner(f.dir))
	for _, known := range symptoms {
		if known.words.MatchString(f.output) {
			return &failure.Failure{ID: known.id, Cause: where + " failed: " + known.cause, Remedy: known.remedy}
		}
	}
	if strings.Contains(f.report(), "signal SIGKILL") { // what the kernel does where memory runs out
		return &failure.Failure{ID: memory.id, Cause: where + " was killed, most likely because " + memory.cause, Remedy: memory.remedy}
	}
	return &failure.Failure{
		ID:    "package-script-failed",
		Cause: fmt.Sprintf("%s ended with the exit status %d", where, f.exitCode()),
		Remedy: "its output above says why. A script that calls a tool of devDependencies does not find it in an install for production: " +
			"make that tool a dependency, or let the script do nothing without it.",
	}
}
