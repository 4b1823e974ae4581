package nodemodules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// RemoveDangling removes from the node_modules of a virtual store what led to
// removed packages: links, also those to packages that the store hoists, and
// commands.
func RemoveDangling(modules string) error {
	return filepath.WalkDir(modules, func(place string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case entry.Type() == fs.ModeSymlink:
			if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) {
				return os.Remove(place)
			}
		case entry.Type().IsRegular() && filepath.Base(filepath.Dir(place)) == ".bin":
			dangles, err := isDanglingCommand(place)
			if err != nil || !dangles {
				return err
			}
			return os.Remove(place)
		}
		return nil
	})
}

// commandTarget matches the program in a command that is a script: pnpm's are.
var commandTarget = regexp.MustCompile(`"\$basedir/(\.\.?/[^"]+)"`)

// isDanglingCommand reports whether a script in a folder .bin calls a program that
// is missing.
func isDanglingCommand(place string) (bool, error) {
	text, err := regular.ReadFile(place)
	if err != nil {
		return false, err
	}
	found := commandTarget.FindSubmatch(text)
	if found == nil {
		return false, nil
	}
	_, err = os.Stat(filepath.Join(filepath.Dir(place), string(found[1])))
	return errors.Is(err, fs.ErrNotExist), nil
}
