package npminstall

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scriptNPM returns the npm that runs the scripts: with the NODE_ENV of the
// build, for the host. An npm that a script calls in turn, say for a client in a
// folder of the app, installs devDependencies too, although NODE_ENV is
// production; the user's own settings about that are kept.
func (m *manager) scriptNPM() npm {
	if choosesDependencies(m.env) {
		return m.npm
	}
	return m.npm.config("include", "dev")
}

// The lines with which npm announces a script.
var (
	announcement = regexp.MustCompile(`(?m)^> (?:.* )?(\S+)\r?\n> `)
	// Since npm 12 it is a notice, which only npm's debug log has here.
	noticed = regexp.MustCompile(`(?m)^\d+ notice run (?:.* )?(\S+)$`)
)

// Run runs a script with npm.
func (m *manager) Run(s modules.Script) error {
	args := []string{"run", s.Name}
	if len(s.Args) > 0 {
		args = append([]string{"exec", "--no", "--", s.Name}, s.Args...)
	}
	f, err := m.scriptNPM().execute(filepath.Join(m.project.Dir, s.Folder), args...)
	if err != nil || f == nil {
		return err
	}
	return scriptFailure(s, *f)
}

// scriptFailure says why the script failed. It classifies errors of an npm that
// the script called.
func scriptFailure(s modules.Script, f fault) error {
	ran := lastAnnounced(s.Name, f)
	where := fmt.Sprintf("the build script %s failed", s)
	if ran != s.Name {
		where = fmt.Sprintf("the hook %s of the build script %s failed", ran, s)
	}
	end := fmt.Sprintf("%s: `%s` ended with %s", where, s.Package.Scripts[ran], f.End())
	if command := f.missingCommand(); command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `npm install --save-dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, settings.RunScripts, modules.NoScripts),
		}
	}
	var inner *failure.Failure
	if errors.As(classify(f.within()), &inner) && inner.ID != unknownFault {
		inner.Cause = where + ": " + inner.Cause
		return inner
	}
	if found := f.symptom(); found != nil {
		found.Cause = end + ": " + found.Cause
		return found
	}
	remedy := "its output above says why; `" + s.Call("npm run", "npm exec --") + "` in the package's folder, after `npm ci`, should say the same. "
	if f.Killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", settings.RunScripts, settings.RunScripts, modules.NoScripts),
	}
}

// missingCommand is [outcome.Outcome.MissingCommand], also if npm repeats a
// shell's message.
func (f fault) missingCommand() string {
	return outcome.Outcome{Err: f.Err, Output: withoutReport(f.Output)}.MissingCommand()
}

// symptom returns the failure that a script's output shows, or nil.
func (f fault) symptom() *failure.Failure {
	return outcome.Find(f.Output, installscripts.PythonMissing)
}

// within returns the fault without npm's own report, which only a workspace's
// script has.
func (f fault) within() fault {
	f.debug = ""
	if i := strings.LastIndex(f.Output, " Lifecycle script `"); i >= 0 {
		f.Output = f.Output[:strings.LastIndexByte(f.Output[:i], '\n')+1]
	}
	return f
}

// lastAnnounced is which of the script and its hooks ran last, as far as npm
// says so.
func lastAnnounced(name string, f fault) string {
	last := name
	announced := append(announcement.FindAllStringSubmatch(f.Output, -1), noticed.FindAllStringSubmatch(f.debug, -1)...)
	for _, found := range announced {
		if slices.Contains([]string{"pre" + name, name, "post" + name}, found[1]) {
			last = found[1]
		}
	}
	return last
}
