package npminstall

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// blockedHead and blockedLine match npm 12's warning about install scripts that
// it did not run. npm 11 lists the same lines under another head, and runs the
// scripts.
var (
	blockedHead = regexp.MustCompile(`(?m)^\d+ warn install-scripts \d+ packages? had install scripts blocked`)
	blockedLine = regexp.MustCompile(`(?m)^\d+ warn install-scripts   (\S+ \(.*\))$`)
)

// blockedScripts finds these in a debug log.
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

// warnOfBlocked repeats the warning, which npm's log level hides: the build
// continues without those scripts' output.
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

// script is a script of a package, or of the project, that failed during an
// install.
type script struct {
	path    string // the package's folder
	name    string // "postinstall"; empty if unknown
	command string // as npm passes it to the shell
}

var (
	scriptPath    = regexp.MustCompile(`(?m)^path (.+)$`)
	scriptCommand = regexp.MustCompile(`(?m)^command sh -c (?:-- )?(.+)$`)
)

// script returns the script that failed, if any.
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

// nameOf returns the name of the only install script in a folder's package.json
// with a command; "" if there is none, or more than one.
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

// owner returns the script's package, or "the project".
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

// missingModule matches Node.js's message about a package that is not installed.
var missingModule = regexp.MustCompile(`Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND`)

// developing is the remedy for a command that a script calls and that is missing.
const developing = "make %s a dependency, or let the script do nothing without it (`%s || true`): an install for production has no devDependencies."

// failure says which script failed, and why if its output shows that.
func (s script) failure(f fault) error {
	which := fmt.Sprintf("the script `%s` of %s", s.command, s.owner(f.dir))
	if s.name != "" {
		which = fmt.Sprintf("the script %s of %s, `%s`,", s.name, s.owner(f.dir), s.command)
	}
	where := fmt.Sprintf("%s failed: %s", f.command(), which)
	if found := f.symptom(); found != nil {
		found.Cause = where + " failed: " + found.Cause
		return found
	}
	if strings.Contains(f.report(), "signal SIGKILL") { // by the kernel, if memory runs out
		return &failure.Failure{ID: outcome.Memory.ID, Cause: where + " was killed, most likely because " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	ended := fmt.Sprintf("%s ended with the exit status %d", where, f.Status())
	failed := &failure.Failure{ID: "package-script-failed", Cause: ended + after(f.lastWords()), Remedy: "its output above says why."}
	if command := f.missingCommand(); command != "" {
		failed.Cause = ended + ": there is no program " + command
		failed.Remedy = fmt.Sprintf(developing, "the package that has it", s.command)
	} else if missingModule.MatchString(f.Output) {
		failed.Remedy = "its output above says what is missing. If that is a package, " + fmt.Sprintf(developing, "it", s.command)
	}
	return failed
}

// pythonMissing is the symptom of a node-gyp that finds no Python.
var pythonMissing = outcome.Symptom{
	Words:  regexp.MustCompile(`gyp ERR! find Python|Could not find any Python installation|Can't find Python executable`),
	ID:     "python-missing",
	Cause:  "node-gyp finds no Python to compile it with",
	Remedy: "use a build image with python3, or set BP_NPM_INCLUDE_BUILD_PYTHON=true and add a buildpack that provides cpython.",
}

// symptom returns the failure that a script's output shows, or nil.
func (f fault) symptom() *failure.Failure { return outcome.Find(f.Output, pythonMissing) }
