// Package procfile reads an app's Procfile, which defines one process per line.
// It reads no environment and writes nothing.
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

// maxBytes is the size limit of a Procfile.
const maxBytes = 1 << 20

// line matches a line of a Procfile: "web: node server.js".
var line = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*:\s*(\S.*)$`)

// Process is a process of a Procfile.
type Process struct {
	Type    string // "web"
	Command string // for a shell
}

// Read returns the processes of the Procfile in a folder, in their order. It
// returns none for an unreadable file, and skips other lines.
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

// npmCall matches npm or npx at the start of a command, or after a program that
// starts another.
var npmCall = regexp.MustCompile(`(?:^|[\s;&|(){}'"/` + "`" + `])(npm|npx)(?:$|[\s;&|)'"` + "`" + `])`)

// CallsNPM returns "npm" or "npx" if a shell command seems to call it. It
// prefers false positives: an argument of that name counts.
func CallsNPM(command string) (name string, calls bool) {
	if found := npmCall.FindStringSubmatch(command); found != nil {
		return found[1], true
	}
	return "", false
}

// npmStart matches a command for web that npm-start replaces by the start
// script.
var npmStart = regexp.MustCompile(`^npm (?:run )?start$`)

// NPMReason describes the first process that calls npm or npx, or returns "".
// Used says whether a buildpack makes processes of the Procfile. If none does,
// the line "web: npm start" does not count: the start script then runs without
// npm.
func NPMReason(processes []Process, used bool) string {
	for _, p := range processes {
		if name, calls := CallsNPM(p.Command); calls && (used || !npmStart.MatchString(p.Command)) {
			return fmt.Sprintf("%s: the process %s calls %s", FileName, p.Type, name)
		}
	}
	return ""
}
