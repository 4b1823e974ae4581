package nodeengine

import (
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/nodesource"
)

// linkRelease gives a folder the release that lies unpacked in the buildpack,
// by links. Of npm, folder by folder, only those are copied that npm must
// believe to be its own: it looks for its built-in configuration above the file
// that runs.
func linkRelease(found nodesource.Found, dir string) error {
	for _, name := range []string{"bin/node", "LICENSE", "include"} {
		if err := link(filepath.Join(found.Node, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	npm := found.NPM
	if npm == "" {
		npm = filepath.Join(found.Node, npmHome)
	}
	entries, err := os.ReadDir(npm)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, npmHome), 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		from, to := filepath.Join(npm, entry.Name()), filepath.Join(dir, npmHome, entry.Name())
		switch {
		case entry.Name() == "bin" || entry.Name() == "lib":
			err = os.CopyFS(to, os.DirFS(from))
		case entry.IsDir():
			err = link(from, to)
		default:
			err = copyFile(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Symlink(from, to)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
