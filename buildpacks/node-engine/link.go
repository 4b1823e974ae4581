package nodeengine

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/nodesource"
)

// linkRelease gives a folder the release that lies unpacked in the buildpack,
// by links. Of npm only that is copied which npm must believe to be its own: it
// looks for its built-in configuration above the file lib/npm.js that runs.
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
		case entry.Name() == "bin":
			err = os.CopyFS(to, os.DirFS(from))
		case entry.Name() == "lib":
			err = linkLibrary(from, to)
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

// linkLibrary gives npm its lib: copies of what leads to npm.js, and links to the
// commands and what they share, which are most of it.
func linkLibrary(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		from, to := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		switch name := entry.Name(); {
		case name == "commands" || name == "utils":
			err = link(from, to)
		case entry.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		default:
			err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), copyFile(from, to))
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
