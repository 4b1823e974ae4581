package startup

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// portVariable is the usual variable for the port that a server listens to.
const portVariable = "PORT"

// readsPort matches what reads that variable, in a program or a command.
var readsPort = regexp.MustCompile(`process\.env\.PORT\b|process\.env\[['"]PORT['"]\]|\benv\.PORT\b|\{[^{}]*\bPORT\b[^{}]*\}\s*=\s*process\.env\b|\$PORT\b|\$\{PORT\b`)

// ownPort matches the port of a program without the variable.
var ownPort = regexp.MustCompile(`(?:process|Bun)\.env\.PORT\s*(?:\|\||\?\?)\s*['"]?(\d{2,5})\b`)

// reading adds to a process the variable for its port, if its framework, its
// command, or the file that it runs says so.
func (d *decider) reading(p Process) Process {
	if p.File == "" {
		p.File = d.fileOf(p.Command)
	}
	text := d.entryText(p.File)
	if p.Port == "" && (readsPort.MatchString(p.Command) || readsPort.Match(text)) {
		p.Port = portVariable
	}
	for _, words := range calls(p.Command) {
		for _, one := range d.found {
			if p.Port == "" && !one.Weak && one.Port != "" && d.runs(one, words) {
				p.Port, p.Listens = one.Port, one.Listens
			}
		}
	}
	if p.Port == "" && d.servedByBun(p.File) && !ownPortOfBun.Match(d.code(p.File)) {
		p.Port, p.Listens = portVariable, bunsPort
	}
	if found := ownPort.FindSubmatch(text); found != nil && p.Port == portVariable {
		p.Listens, _ = strconv.Atoi(string(found[1]))
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

// fileOf returns the file that node or Bun runs in a command, as far as the command says,
// relative to the project: "app.js" for "node --trace-warnings ./app".
func (d *decider) fileOf(command string) string {
	all := calls(command)
	if len(all) == 0 {
		return ""
	}
	words := all[len(all)-1]
	if file := d.bunRuns(words); file != "" {
		return file
	}
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

// entryText returns the text of a file of the project, or nothing.
func (d *decider) entryText(name string) []byte {
	if name == "" || !filepath.IsLocal(name) {
		return nil
	}
	file := filepath.Join(d.Dir, name)
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntry {
		return nil
	}
	text, err := regular.ReadFile(file)
	if err != nil {
		return nil
	}
	return text
}
