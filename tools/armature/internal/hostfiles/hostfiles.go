//go:build linux

// Package hostfiles gives a sandbox the few files of the host that name
// resolution needs. Sandboxes use the host's network, and so its names.
package hostfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/tools/armature/internal/sandbox"
)

// Hostname is what a sandbox is called.
const Hostname = "armature"

// Paths are those of the files, inside.
func Paths() []string { return []string{"/etc/resolv.conf", "/etc/hosts", "/etc/hostname"} }

// Write copies the files into a folder, for everybody to read, and returns how
// they are bound.
func Write(dir string) ([]sandbox.Bind, error) {
	var binds []sandbox.Bind
	for _, path := range Paths() {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if path == "/etc/hostname" {
			content = []byte(Hostname + "\n")
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
