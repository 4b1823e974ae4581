package nodeengine

import (
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/node/distribution"
)

// linkRelease links a folder to the release that is unpacked in the buildpack.
// It copies only the part of npm that must be in the layer: npm looks for its
// built-in configuration above the real path of lib/npm.js.
func linkRelease(found distribution.Found, dir string) error {
	for _, name := range []string{"bin/node", "LICENSE", "include"} {
		if err := link(filepath.Join(found.Node, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	npm := found.NPM
	if npm == "" {
		npm = filepath.Join(found.Node, npmHome)
	}
	copied := map[string]func(from, to string) error{"bin": copyFolder, "lib": linkLibrary}
	return mirror(npm, filepath.Join(dir, npmHome), copied, link)
}

// linkLibrary makes npm's lib: it links the folders commands and utils, which
// are most of it, and copies the rest.
func linkLibrary(from, to string) error {
	return mirror(from, to, map[string]func(from, to string) error{"commands": link, "utils": link}, copyFolder)
}

// mirror copies a folder's files, and handles its subfolders: those in named by
// their function, all others by the default.
func mirror(from, to string, named map[string]func(from, to string) error, others func(from, to string) error) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		treat := others
		if one, ok := named[entry.Name()]; ok {
			treat = one
		}
		if !entry.IsDir() {
			treat = copyFile
		}
		if err := treat(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFolder(from, to string) error { return os.CopyFS(to, os.DirFS(from)) }

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
