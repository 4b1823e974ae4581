package npmstart

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
)

// Types of processes.
const (
	webProcess      = "web"
	noReloadProcess = "no-reload"
)

// processes returns the app's processes; supervisor is that program's path in its
// layer. The container's arguments follow the command.
func (s start) processes(supervisor string) []packit.DirectProcess {
	line := s.commandLine(supervisor)
	if !s.reload {
		return []packit.DirectProcess{s.process(webProcess, line, true)}
	}
	return []packit.DirectProcess{
		s.process(webProcess, append(s.watchexec(), line...), true),
		s.process(noReloadProcess, line, false),
	}
}

func (s start) process(kind string, line []string, isDefault bool) packit.DirectProcess {
	return packit.DirectProcess{Type: kind, Command: line, Args: []string{}, Default: isDefault, WorkingDirectory: s.dir}
}

func (s start) commandLine(supervisor string) []string {
	if s.tini {
		return append([]string{"tini", "-g", "--"}, s.tiniCommand()...)
	}
	words, plain := command.Split(s.script)
	line := []string{supervisor}
	if !plain || s.pre != "" || s.post != "" || s.name != defaultScript {
		line = append(line, "-event", s.name)
	}
	for _, hook := range []struct{ flag, script string }{{"-pre", s.pre}, {"-post", s.post}} {
		if hook.script != "" {
			line = append(line, hook.flag, hook.script)
		}
	}
	if plain {
		return append(append(line, "--"), words...)
	}
	return append(line, "-shell", s.script, "--")
}

// tiniCommand uses a shell unless the script is one program without hooks: tini
// starts only one program.
func (s start) tiniCommand() []string {
	words, plain := command.Split(s.script)
	variables, _ := command.Variables(words)
	if plain && len(variables) == 0 && s.pre == "" && s.post == "" {
		return words
	}
	script := s.script + ` "$@"`
	if s.pre != "" {
		script = s.pre + " && " + script
	}
	if s.post != "" {
		script += " && " + s.post
	}
	return []string{"sh", "-c", command.Patient(script), "sh"}
}
