package bun

import (
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// Run runs a build script with Bun, with the hooks before and after it, or an install
// script of the project or of a workspace.
func (m *manager) Run(s modules.Script) error {
	if s.Install {
		if ignored, err := m.ignoresScripts(); ignored || err != nil {
			return err
		}
		host, err := targets.Host()
		if err != nil {
			return err
		}
		return m.runner(host, host).RunOwn(m.project.Dir, s.Folder, s.Name)
	}
	o, err := m.execute(m.program, m.env.With("DO_NOT_TRACK", "1"), filepath.Join(m.project.Dir, s.Folder), append([]string{"run", s.Name}, s.Args...)...)
	if err != nil || o == nil {
		return err
	}
	return modules.ScriptFailure("bun", s, *o, missingCommand(*o))
}

// missing matches the message of Bun's shell for a missing command.
var missing = regexp.MustCompile(`(?m)^bun: command not found: (\S+)|^error: (?:could not find|Script not found) "?([^"\s]+)`)

// missingCommand returns the command that a shell, or Bun's own, did not find; or "".
func missingCommand(o outcome.Outcome) string {
	command := o.MissingCommand()
	if found := missing.FindStringSubmatch(o.Output); command == "" && found != nil {
		command = found[1] + found[2]
	}
	return command
}
