package npmstart

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// noReloadProcess is the type of the default process without live reload.
const noReloadProcess = "no-reload"

// processes returns the app's processes; supervisor is that program's path in its
// layer. The container's arguments follow the command.
func (s start) processes(supervisor string) (all []packit.DirectProcess) {
	for i, p := range s.app.Processes {
		line := s.commandLine(p, supervisor)
		made := packit.DirectProcess{Type: p.Type, Command: line, Args: []string{}, Default: i == 0, WorkingDirectory: p.Dir}
		if s.reload && made.Default {
			watched := made
			watched.Command = append(s.watchexec(), line...)
			all = append(all, watched)
			made.Type, made.Default = noReloadProcess, false
		}
		all = append(all, made)
	}
	return all
}

// event is npm's name for what a process runs: the script's, or the process's type.
// The default process without a script is one that npm would start.
func (s start) event(p startup.Process) string {
	switch {
	case p.Script != "":
		return p.Script
	case p.Type == s.web.Type && !s.execEnv.Develops():
		return defaultScript
	}
	return p.Type
}

func (s start) commandLine(p startup.Process, supervisor string) []string {
	if s.tini {
		return append([]string{"tini", "-g", "--"}, tiniCommand(p)...)
	}
	words, plain := command.Split(p.Command)
	line := []string{supervisor}
	if event := s.event(p); !plain || p.Pre != "" || p.Post != "" || event != defaultScript {
		line = append(line, "-event", event)
	}
	for _, hook := range []struct{ flag, script string }{{"-pre", p.Pre}, {"-post", p.Post}} {
		if hook.script != "" {
			line = append(line, hook.flag, hook.script)
		}
	}
	if plain {
		return append(append(line, "--"), words...)
	}
	return append(line, "-shell", p.Command, "--")
}

// tiniCommand uses a shell unless the script is one program without hooks: tini
// starts only one program.
func tiniCommand(p startup.Process) []string {
	words, plain := command.Split(p.Command)
	variables, _ := command.Variables(words)
	if plain && len(variables) == 0 && p.Pre == "" && p.Post == "" {
		return words
	}
	script := p.Command + ` "$@"`
	if p.Pre != "" {
		script = p.Pre + " && " + script
	}
	if p.Post != "" {
		script += " && " + p.Post
	}
	return []string{"sh", "-c", command.Patient(script), "sh"}
}
