// Package procfile reads the Procfile of an app, which names its processes, one
// a line. It reads no environment and writes nothing.
package procfile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// FileName is the name of the file in the app's folder.
const FileName = "Procfile"

// maxBytes is as large as a Procfile is.
const maxBytes = 1 << 20

// line matches one of a Procfile: "web: node server.js".
var line = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*:\s*(\S.*)$`)

// Process is one of a Procfile.
type Process struct {
	Type    string // "web"
	Command string // for a shell
}

// Read returns the processes of the Procfile in a folder, in their order. There
// are none where it is no file that can be read, and lines that name none are
// left out.
func Read(dir string) []Process {
	path := filepath.Join(dir, FileName)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxBytes {
		return nil
	}
	text, err := regular.ReadFile(path)
	if err != nil {
		return nil
	}
	var all []Process
	for _, one := range strings.Split(strings.TrimPrefix(string(text), "\xef\xbb\xbf"), "\n") {
		if found := line.FindStringSubmatch(strings.TrimSpace(one)); found != nil {
			all = append(all, Process{Type: found[1], Command: found[2]})
		}
	}
	return all
}

// npmCall finds npm or npx where a command can begin, or after a program that
// starts another.
var npmCall = regexp.MustCompile(`(?:^|[\s;&|(){}'"/` + "`" + `])(npm|npx)(?:$|[\s;&|)'"` + "`" + `])`)

// CallsNPM returns "npm" or "npx" when a command for a shell seems to call one
// of them. It would rather find one too many: an argument of that name counts.
func CallsNPM(command string) (name string, calls bool) {
	if found := npmCall.FindStringSubmatch(command); found != nil {
		return found[1], true
	}
	return "", false
}

// npmStart matches what starts a process web as npm-start does it itself.
var npmStart = regexp.MustCompile(`^npm (?:run )?start$`)

// NPMReason says which process of a Procfile calls npm or npx, or nothing when
// none does. Unless somebody makes processes of the file, the line "web: npm
// start" does not count: the start script is started without npm then.
func NPMReason(processes []Process, heeded bool) string {
	for _, p := range processes {
		if name, calls := CallsNPM(p.Command); calls && (heeded || !npmStart.MatchString(p.Command)) {
			return fmt.Sprintf("%s: the process %s calls %s", FileName, p.Type, name)
		}
	}
	return ""
}
