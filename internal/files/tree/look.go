package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Exists tells whether there is something at a path; a link that leads nowhere
// counts.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// IsFilled tells whether a folder has entries that are not hidden. One that is
// missing has none.
func IsFilled(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	visible := func(entry fs.DirEntry) bool { return !strings.HasPrefix(entry.Name(), ".") }
	return slices.ContainsFunc(entries, visible), err
}

// Files calls do for every file below dir; where dir is missing, for none.
func Files(dir string, do func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return do(path)
	})
}
