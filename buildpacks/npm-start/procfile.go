package npmstart

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// procfile is the name of the file with the processes of an app, one a line.
const procfile = "Procfile"

// maxProcfile is as much of a Procfile as is read, in bytes.
const maxProcfile = 1 << 20

// procLine matches a line of a Procfile: "web: node server.js".
var procLine = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*:\s*(\S.*)$`)

// procfileLine is a process of a Procfile.
type procfileLine struct{ kind, command string }

// readProcfile returns the processes of the Procfile in the app's folder, in
// their order. There are none where it is no file that can be read: this
// buildpack makes no processes of them.
func readProcfile(root string) []procfileLine {
	path := filepath.Join(root, procfile)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxProcfile {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var all []procfileLine
	for _, line := range strings.Split(strings.TrimPrefix(string(text), "\xef\xbb\xbf"), "\n") {
		if found := procLine.FindStringSubmatch(strings.TrimSpace(line)); found != nil {
			all = append(all, procfileLine{kind: found[1], command: found[2]})
		}
	}
	return all
}
