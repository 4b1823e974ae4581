package npmstart

import (
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
)

// Types of processes.
const (
	webProcess      = "web"
	noReloadProcess = "no-reload"
)

// processes are the app's; supervisor is that program's path in its layer.
// Arguments of the container follow the command.
func (s start) processes(supervisor string) []packit.DirectProcess {
	command := s.command(supervisor)
	if !s.reload {
		return []packit.DirectProcess{s.process(webProcess, command, true)}
	}
	return []packit.DirectProcess{
		s.process(webProcess, append(s.watchexec(), command...), true),
		s.process(noReloadProcess, command, false),
	}
}

func (s start) process(kind string, command []string, isDefault bool) packit.DirectProcess {
	return packit.DirectProcess{Type: kind, Command: command, Args: []string{}, Default: isDefault, WorkingDirectory: s.dir}
}

func (s start) command(supervisor string) []string {
	words, plain := SplitCommand(s.script)
	plain = plain && s.pre == "" && s.post == ""
	if s.tini {
		return append([]string{"tini", "-g", "--"}, s.tiniCommand(words, plain)...)
	}
	command := []string{supervisor, "-event", s.name}
	for _, hook := range []struct{ flag, script string }{{"-pre", s.pre}, {"-post", s.post}} {
		if hook.script != "" {
			command = append(command, hook.flag, hook.script)
		}
	}
	switch words, ok := SplitCommand(s.script); {
	case plain:
		return append([]string{supervisor, "--"}, words...)
	case ok:
		return append(append(command, "--"), words...)
	}
	return append(command, "-shell", s.script, "--")
}

// tiniCommand needs a shell for what is not a plain command without hooks:
// tini starts one program.
func (s start) tiniCommand(words []string, plain bool) []string {
	if plain {
		return words
	}
	script := s.script + ` "$@"`
	if s.pre != "" {
		script = s.pre + " && " + script
	}
	if s.post != "" {
		script += " && " + s.post
	}
	return []string{"sh", "-c", script, "sh"}
}

// unwatched are the paths of a project whose changes restart nothing.
var unwatched = []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules", ".git"}

func (s start) watchexec() []string {
	command := []string{"watchexec", "--restart", "--watch", s.dir}
	for _, name := range unwatched {
		command = append(command, "--ignore", filepath.Join(s.dir, name))
	}
	return append(command, "--shell", "none", "--")
}
