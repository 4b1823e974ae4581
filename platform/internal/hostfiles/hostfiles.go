//go:build linux

// Package hostfiles gives a sandbox the host's files for name resolution.
// Sandboxes may use the host's network, and so its names.
package hostfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Hostname is a sandbox's host name.
const Hostname = "armature"

// Paths are the files' paths in the sandbox.
func Paths() []string { return []string{"/etc/resolv.conf", "/etc/hosts", "/etc/hostname"} }

// Write copies the files into a folder, readable by all, and returns their binds.
// They include the sandbox's own name; in a chroot also the machine's, which
// programs see there.
func Write(dir string, way sandbox.Way) ([]sandbox.Bind, error) {
	names := []string{Hostname}
	if way == sandbox.Chroot {
		if name, err := os.Hostname(); err == nil {
			names = append(names, name)
		}
	}
	var binds []sandbox.Bind
	for _, path := range Paths() {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		switch path {
		case "/etc/hostname":
			content = []byte(Hostname + "\n")
		case "/etc/hosts":
			content = withNames(content, names)
		}
		copied := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(copied, content, 0o644); err != nil {
			return nil, err
		}
		if err := os.Chmod(copied, 0o644); err != nil {
			return nil, err
		}
		binds = append(binds, sandbox.Bind{Source: copied, Target: path})
	}
	return binds, nil
}

// withNames adds missing names to a hosts table (hosts(5)), and always the
// sandbox's own.
func withNames(table []byte, names []string) []byte {
	if len(table) > 0 && !bytes.HasSuffix(table, []byte("\n")) {
		table = append(table, '\n')
	}
	known := map[string]bool{} // also with other addresses
	for line := range strings.Lines(string(table)) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 1 {
			for _, name := range fields[1:] {
				known[strings.ToLower(name)] = true
			}
		}
	}
	for _, name := range names {
		if name != "" && (name == Hostname || !known[strings.ToLower(name)]) {
			table = fmt.Appendf(table, "127.0.0.1\t%s\n::1\t%s\n", name, name)
		}
	}
	return table
}
