package npminstall

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/node/packagejson"
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
	name    string // "postinstall"; empty where nobody can tell
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
		found.name = nameOf(found.path, found.command)
	}
	return found, true
}

// nameOf is the name of the install script in a folder's package.json that has a
// command; empty where it is none, or more than one.
func nameOf(dir, command string) string {
	pkg, err := packagejson.Read(dir)
	if err != nil {
		return ""
	}
	name := ""
	for _, one := range installScripts {
		if strings.TrimSpace(pkg.Scripts[one]) == strings.TrimSpace(command) {
			if name != "" {
				return ""
			}
			name = one
		}
	}
	return name
}

// runOwn runs a script of the project's, or of a workspace's, in its folder.
func (m *manager) runOwn(npm npm, dir string, pkg packagejson.Package, name string, args ...string) error {
	f, err := npm.execute(dir, args...)
	if err != nil || f == nil {
		return err
	}
	name = lastAnnounced(name, *f)
	f.dir = m.project.Dir
	own := script{path: dir, name: name, command: pkg.Scripts[name]}
	var inner *failure.Failure
	if errors.As(classify(f.within()), &inner) && inner.ID != unknownFault {
		inner.Cause = fmt.Sprintf("the script %s of %s failed: %s", name, own.owner(m.project.Dir), inner.Cause)
		return inner
	}
	return own.failure(*f)
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

	// cut gives what to look at of the output; nil for all of it.
	cut func(output string) string
	// transient says whether the same build may succeed later.
	transient bool
}

// in tells whether an output has the symptom. What the words match in
// parentheses stands for %s in the cause and the remedy.
func (s symptom) in(output string) (f failure.Failure, found bool) {
	if s.cut != nil {
		output = s.cut(output)
	}
	all := s.words.FindAllStringSubmatch(output, -1)
	if all == nil {
		return failure.Failure{}, false
	}
	match := ""
	for _, group := range all[len(all)-1][1:] {
		match += strings.Trim(group, `.,:;'"`)
	}
	return failure.Failure{
		ID: s.id, Cause: strings.ReplaceAll(s.cause, "%s", match), Remedy: strings.ReplaceAll(s.remedy, "%s", match), Transient: s.transient,
	}, true
}

// lastLines is how many lines of an output are looked at for a host that could
// not be reached: what stands above is more likely something that the script
// could do without.
const lastLines = 40

// withoutLoopback are the last lines, without those that speak of a server on
// this machine.
func withoutLoopback(output string) string {
	lines := strings.Split(output, "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	return strings.Join(slices.DeleteFunc(lines, loopback.MatchString), "\n")
}

var loopback = regexp.MustCompile(`\b(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0)\b|(?:^|[\s\[])::1\b`)

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
		remedy: native.Uncrossable,
	},
	memory,
	{
		words:  regexp.MustCompile(`[Nn]o space left on device`), // ENOSPC alone may be the limit of watched files
		id:     "disk-full",
		cause:  "the disk is full",
		remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
	},
	{
		// As Node.js, curl, wget, git and Python say it.
		words: regexp.MustCompile(`getaddrinfo (?:ENOTFOUND|EAI_AGAIN|EAI_FAIL) (\S+)|connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNREFUSED) (\S+)|request to https?://([^/\s]+)\S* failed|` +
			`[Cc]ould not resolve host: (\S+)|[Ff]ailed to connect to (\S+) port|unable to resolve host address [‘'"]?([^\s’'"]+)|Failed to resolve '([^']+)'`),
		id:    "script-host-unreachable",
		cause: "it could not reach %s",
		remedy: "let the build's network reach %s, behind a proxy with HTTPS_PROXY, and try again. Many packages that fetch a program say in their documentation " +
			"how to take it from another address, or to do without it: CYPRESS_INSTALL_BINARY=0, PRISMA_ENGINES_MIRROR.",
		cut: withoutLoopback, transient: true,
	},
}

// missingModule is what Node.js says of a package that is not installed.
var missingModule = regexp.MustCompile(`Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND`)

// developing is the remedy for what a script calls and does not find.
const developing = "make %s a dependency, or let the script do nothing without it (`%s || true`): an install for production has no devDependencies."

// failure says which script failed, and why when its output tells.
func (s script) failure(f fault) error {
	which := fmt.Sprintf("the script `%s` of %s", s.command, s.owner(f.dir))
	if s.name != "" {
		which = fmt.Sprintf("the script %s of %s, `%s`,", s.name, s.owner(f.dir), s.command)
	}
	where := fmt.Sprintf("%s failed: %s", f.command(), which)
	for _, known := range symptoms {
		if found, ok := known.in(f.output); ok {
			found.Cause = where + " failed: " + found.Cause
			return &found
		}
	}
	if strings.Contains(f.report(), "signal SIGKILL") { // what the kernel does where memory runs out
		return &failure.Failure{ID: memory.id, Cause: where + " was killed, most likely because " + memory.cause, Remedy: memory.remedy}
	}
	ended := fmt.Sprintf("%s ended with the exit status %d", where, f.exitCode())
	failed := &failure.Failure{ID: "package-script-failed", Cause: ended + after(f.lastWords()), Remedy: "its output above says why."}
	if command := f.missingCommand(); command != "" {
		failed.Cause = ended + ": there is no program " + command
		failed.Remedy = fmt.Sprintf(developing, "the package that has it", s.command)
	} else if missingModule.MatchString(f.output) {
		failed.Remedy = "its output above says what is missing. If that is a package, " + fmt.Sprintf(developing, "it", s.command)
	}
	return failed
}
