// Package treediff compares folders: names, modes, links and contents.
package treediff

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// List describes everything in a folder, by path: its kind, mode, and content or
// target.
func List(dir string) (map[string]string, error) {
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

// Compare returns the differences between two trees, a line each, sorted.
func Compare(want, got map[string]string) (lines []string) {
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
