package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// hostCPU is this machine's CPU in Node's terms.
var hostCPU = map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]

// list describes everything in a folder, by path: its kind, mode, and content or
// target.
func list(dir string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content := ""
		switch info.Mode().Type() {
		case 0:
			content, err = tree.FileDigest(path)
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		}
		rel, relErr := filepath.Rel(dir, path)
		all[rel] = fmt.Sprintf("%s %s", info.Mode(), content)
		return errors.Join(err, relErr)
	})
	return all, err
}

// compare returns the differences between two trees, a line each, sorted.
func compare(want, got map[string]string) (lines []string) {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		switch text, ok := got[path]; {
		case !ok:
			lines = append(lines, fmt.Sprintf("%s: missing, want %s", path, want[path]))
		case text != want[path]:
			lines = append(lines, fmt.Sprintf("%s: got %s, want %s", path, text, want[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[path]; !ok {
			lines = append(lines, fmt.Sprintf("%s: got %s, want nothing", path, got[path]))
		}
	}
	return lines
}
