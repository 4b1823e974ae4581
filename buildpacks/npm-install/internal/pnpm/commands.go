package pnpm

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// pnpm's commands in .bin are scripts for a shell that find their folder with sed,
// which run images lack. A shell can do it by itself.
var (
	folderBySed   = []byte(`basedir=$(dirname "$(echo "$0" | sed -e 's,\\,/,g')")`)
	folderByShell = []byte(`case "$0" in */*) basedir=${0%/*} ;; *) basedir=. ;; esac`)
)

// commandFolders are the folders of commands in a node_modules, as patterns.
var commandFolders = []string{
	".bin", ".pnpm/node_modules/.bin", ".pnpm/*/node_modules/*/node_modules/.bin", ".pnpm/*/node_modules/@*/*/node_modules/.bin",
}

// freeCommands lets the commands of all node_modules run without sed.
func (m *Manager) freeCommands() error {
	for _, folder := range append([]string{""}, m.project.Lock.Folders()...) {
		place := filepath.Join(folder, nodemodules.Dir)
		for _, pattern := range commandFolders {
			files, err := fs.Glob(os.DirFS(m.project.Dir), filepath.ToSlash(filepath.Join(place, pattern, "*")))
			if err != nil {
				return err
			}
			for _, file := range files {
				if err := freeCommand(filepath.Join(m.project.Dir, file)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func freeCommand(file string) error {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	text, err := regular.ReadFile(file)
	if err != nil || !bytes.HasPrefix(text, []byte("#!/bin/sh\n")) || !bytes.Contains(text, folderBySed) {
		return err
	}
	return os.WriteFile(file, bytes.Replace(text, folderBySed, folderByShell, 1), info.Mode().Perm())
}
