package npminstall

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scriptNPM is the npm that runs the scripts: with the NODE_ENV of the build,
// for the host. An npm that a script calls in turn, say for a client in a
// folder of the app, installs devDependencies too, although NODE_ENV is
// production; what the user has set about that is kept.
func (m *manager) scriptNPM() npm {
	if choosesDependencies(m.env) {
		return m.npm
	}
	return m.npm.config("include", "dev")
}

// What the output of a script says of its end: a shell's complaint, and the
// lines by which npm announces what it runs.
var (
	missingCommand = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!) )?(?:\S*/)?(?:(?:ba|da)?sh: (?:\d+: |line \d+: )?(\S+): (?:command )?not found|env: [‘'"]?([^\s’'":]+)[’'"]?: No such file)`)
	announcement   = regexp.MustCompile(`(?m)^> (?:.* )?(\S+)\r?\n> `)
	// From npm 12 on it is a notice, which only npm's debug log has here.
	noticed = regexp.MustCompile(`(?m)^\d+ notice run (?:.* )?(\S+)$`)
)

// Exit statuses of a shell: for a command that it does not find, and for one
// that was killed.
const (
	missingStatus = 127
	killedStatus  = 128 + 9
)

// Run runs a script with npm.
func (m *manager) Run(s modules.Script) error {
	f, err := m.scriptNPM().execute(filepath.Join(m.project.Dir, s.Folder), "run", s.Name)
	if err != nil || f == nil {
		return err
	}
	return scriptFailure(s, *f)
}

// scriptFailure says how the script failed. What an npm that the script called
// complains of is classified as elsewhere.
func scriptFailure(s modules.Script, f fault) error {
	ran := lastAnnounced(s.Name, f)
	where := fmt.Sprintf("the build script %s failed", s)
	if ran != s.Name {
		where = fmt.Sprintf("the hook %s of the build script %s failed", ran, s)
	}
	end := fmt.Sprintf("%s: `%s` ended with %s", where, s.Package.Scripts[ran], f.end())
	if command := f.missingCommand(); command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `npm install --save-dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, modules.ScriptsVariable, modules.NoScripts),
		}
	}
	var inner *failure.Failure
	if errors.As(classify(f.within()), &inner) && inner.ID != unknownFault {
		inner.Cause = where + ": " + inner.Cause
		return inner
	}
	for _, known := range symptoms {
		if found, ok := known.in(f.output); ok {
			found.Cause = end + ": " + found.Cause
			return &found
		}
	}
	remedy := "its output above says why; `npm run " + s.Name + "` in the package's folder, after `npm ci`, should say the same. "
	if f.killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", modules.ScriptsVariable, modules.ScriptsVariable, modules.NoScripts),
	}
}

// missingCommand is the command that a shell, or env, did not find, when that is
// why the script ended; or empty.
func (f fault) missingCommand() string {
	found := missingCommand.FindAllStringSubmatch(f.output, -1)
	if found == nil || f.exitCode() != missingStatus {
		return ""
	}
	last := found[len(found)-1]
	return last[1] + last[2]
}

// within is the fault without npm's own report on it, which a script of a
// workspace gets and another one does not.
func (f fault) within() fault {
	f.debug = ""
	if i := strings.LastIndex(f.output, " Lifecycle script `"); i >= 0 {
		f.output = f.output[:strings.LastIndexByte(f.output[:i], '\n')+1]
	}
	return f
}

// lastAnnounced is which of the script and its hooks ran last, as far as npm
// says so.
func lastAnnounced(name string, f fault) string {
	last := name
	announced := append(announcement.FindAllStringSubmatch(f.output, -1), noticed.FindAllStringSubmatch(f.debug, -1)...)
	for _, found := range announced {
		if slices.Contains([]string{"pre" + name, name, "post" + name}, found[1]) {
			last = found[1]
		}
	}
	return last
}

// end says how the process ended: "exit status 2", "signal: killed".
func (f fault) end() string {
	if exit, ok := f.err.(*exec.ExitError); ok {
		return exit.String()
	}
	return f.err.Error()
}

func (f fault) killed() bool {
	return f.exitCode() == killedStatus || f.end() == "signal: killed"
}
