package bun

import (
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Run runs a build script with Bun, with the hooks before and after it, or an install
// script of the project or of a workspace.
func (m *manager) Run(s modules.Script) error {
	if s.Install {
		return m.runInstallScript(s)
	}
	o, err := m.execute(m.program, m.env.With("DO_NOT_TRACK", "1"), filepath.Join(m.project.Dir, s.Folder), "run", s.Name)
	if err != nil || o == nil {
		return err
	}
	return scriptFailure(s, *o)
}

func (m *manager) runInstallScript(s modules.Script) error {
	host, err := targets.Host()
	if err != nil {
		return err
	}
	runner := m.runner(host, host)
	runner.Preparing = func(run func() error) error { return run() }
	runner.Explain = func(f installscripts.Failed) error {
		f.Package.Path, f.Package.Linked = s.Folder, s.Folder != ""
		return f.Failure()
	}
	return runner.RunProject(installscripts.Tree{Dir: filepath.Join(m.project.Dir, s.Folder)}, s.Name)
}

// missing matches the message of Bun's shell for a missing command.
var missing = regexp.MustCompile(`(?m)^bun: command not found: (\S+)|^error: (?:could not find|Script not found) "?([^"\s]+)`)

// scriptFailure says why a build script failed.
func scriptFailure(s modules.Script, o outcome.Outcome) error {
	end := fmt.Sprintf("the build script %s failed: `%s` ended with %s", s, s.Package.Scripts[s.Name], o.End())
	command := o.MissingCommand()
	if found := missing.FindStringSubmatch(o.Output); command == "" && found != nil {
		command = found[1] + found[2]
	}
	if command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `bun add --dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, settings.RunScripts, modules.NoScripts),
		}
	}
	if found := outcome.Find(o.Output); found != nil {
		found.Cause = end + ": " + found.Cause
		return found
	}
	remedy := "its output above says why; `bun run " + s.Name + "` in the package's folder, after `bun install`, should say the same. "
	if o.Killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", settings.RunScripts, settings.RunScripts, modules.NoScripts),
	}
}
