package npmstart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/cnb/runimage"
	"github.com/armature-cnb/armature/internal/failure"
)

// tiny is the suffix of the ids (io.buildpacks.base.id) of run images without a
// shell and other programs.
const tiny = "tiny"

// shellMissingID is the id of the [failure.Failure] for a script that needs a
// missing shell; the supervisor has it, too.
const shellMissingID = "shell-missing"

// checkShell returns an error for an app that needs a shell on a run image that
// is known to have none. The lifecycle does not tell buildpacks what a run image
// has; if its id is unknown, the supervisor reports the error at launch.
func (s start) checkShell(layersDir string) error {
	why := s.shellReason()
	if why == "" {
		return nil
	}
	id, err := runimage.ID(filepath.Dir(layersDir))
	if err != nil || !strings.HasSuffix(id, tiny) {
		return err
	}
	return &failure.Failure{
		ID:     shellMissingID,
		Cause:  fmt.Sprintf("the run image %s has no shell, but %s", id, why),
		Remedy: "make it one plain command, such as `node server.js`, or build with a run image that has a shell, such as armature/run.",
	}
}

// shellReason says what needs a shell, or "" if nothing does.
func (s start) shellReason() string {
	for _, one := range s.scripts() {
		words, plain := command.Split(one.text)
		if !plain {
			return fmt.Sprintf("%s uses what only a shell can do: %s", one.where(), one.text)
		}
		_, words = command.Variables(words)
		program := filepath.Base(words[0])
		if slices.Contains(shells, program) {
			return fmt.Sprintf("%s calls %s", one.where(), program)
		}
		if slices.Contains(inShell, program) {
			return fmt.Sprintf("%s calls %s, which runs scripts in a shell", one.where(), program)
		}
		if file := filepath.Join(s.dir, words[0]); strings.Contains(words[0], "/") {
			interpreter, err := command.Interpreter(file)
			if err == nil && len(interpreter) > 0 && !isNode(interpreter) {
				return fmt.Sprintf("%s, which %s starts, is a script for %s", words[0], one.where(), strings.Join(interpreter, " "))
			}
		}
	}
	for _, p := range s.app.Processes {
		if s.tini && tiniCommand(p)[0] == "sh" {
			return "tini starts one program, and there is more to start"
		}
	}
	return ""
}

// shells are shells, and inShell programs of packages that start commands with a
// shell.
var (
	shells  = []string{"sh", "bash", "dash"}
	inShell = []string{"npm", "npx", "run-s", "run-p", "npm-run-all", "npm-run-all2", "concurrently", "cross-env-shell"}
)

func isNode(interpreter []string) bool {
	words, ok := command.ThroughEnv(interpreter)
	return ok && words[0] == "node"
}
