//go:build linux

package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/staging"
)

// Replaceable says what keeps this user from putting a file in the place of what
// is at a path: a folder, a device or a pipe, which a file would take the place
// of, or a file that may not be written to. Nothing there is no error.
func Replaceable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder, want a file", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is a device, a pipe or a socket, want a file", path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// Takes says what keeps this user from making something in a folder, or in what
// is there of the folders above it.
func Takes(folder string) error {
	for {
		info, err := os.Stat(folder)
		switch parent := filepath.Dir(folder); {
		case errors.Is(err, fs.ErrNotExist) && parent != folder:
			folder = parent
			continue
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a folder", folder)
		}
		return takes(folder)
	}
}

// takes tries to make something in a folder: of /proc and of a disk that is
// read-only, permissions say nothing.
func takes(folder string) error {
	dir, err := os.MkdirTemp(folder, staging.Mark+"*")
	var why *fs.PathError
	if errors.As(err, &why) {
		return &fs.PathError{Op: "writing to", Path: folder, Err: why.Err}
	}
	if err != nil {
		return err
	}
	return os.Remove(dir)
}
