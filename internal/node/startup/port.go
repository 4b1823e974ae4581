package startup

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// portVariable is the usual variable for the port that a server listens to.
const portVariable = "PORT"

// readsPort matches what reads that variable, in a program or a command.
var readsPort = regexp.MustCompile(`process\.env\.PORT\b|process\.env\[['"]PORT['"]\]|\benv\.PORT\b|\{[^{}]*\bPORT\b[^{}]*\}\s*=\s*process\.env\b|\$PORT\b|\$\{PORT\b`)

// reading adds to a process the variable for its port, if its framework, its
// command, or the file that it runs says so.
func (d *decider) reading(p Process) Process {
	if p.File == "" {
		p.File = d.fileOf(p.Command)
	}
	if p.Port != "" {
		return p
	}
	if readsPort.MatchString(p.Command) || p.File != "" && d.fileReadsPort(p.File) {
		p.Port = portVariable
		return p
	}
	for _, words := range calls(p.Command) {
		for _, one := range d.found {
			if !one.Weak && one.Port != "" && d.runs(one, words) {
				p.Port = one.Port
			}
		}
	}
	return p
}

// runs reports whether a command is one that the framework's outcome has.
func (d *decider) runs(one found, words []string) bool {
	start := calls(one.Start)
	if len(start) > 0 {
		return programName(words) == programName(start[0])
	}
	file := d.fileOf(joined(words))
	for _, pattern := range one.Entries {
		if ok, _ := filepath.Match(pattern, file); ok || file != "" && filepath.Dir(pattern) == file {
			return true
		}
	}
	return false
}

func joined(words []string) (line string) {
	for _, word := range words {
		line += quote(word) + " "
	}
	return line
}

// fileOf returns the file that node runs in a command, as far as the command says,
// relative to the project: "app.js" for "node --trace-warnings ./app".
func (d *decider) fileOf(command string) string {
	all := calls(command)
	if len(all) == 0 {
		return ""
	}
	words := all[len(all)-1]
	if programName(words) != "node" {
		return ""
	}
	for _, word := range words[1:] {
		if word[:min(1, len(word))] == "-" || !filepath.IsLocal(word) {
			continue
		}
		if file := d.resolved(word); file != "" {
			return file
		}
		return filepath.Clean(word)
	}
	return ""
}

// maxEntry is the size limit in bytes of a file that is searched.
const maxEntry = 4 << 20

func (d *decider) fileReadsPort(name string) bool {
	file := filepath.Join(d.Dir, name)
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntry {
		return false
	}
	text, err := regular.ReadFile(file)
	return err == nil && readsPort.Match(text)
}
