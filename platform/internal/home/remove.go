//go:build linux

package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// RemoveAll is os.RemoveAll for folders that may be unreadable for their owner,
// as images and npm make them, or nested deeper than the limit of open files, as
// in an attack. No other process may write to them.
func RemoveAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	if info, statErr := os.Lstat(dir); statErr != nil || !info.IsDir() {
		return err
	}
	if flatErr := removeFlat(dir); flatErr != nil {
		return errors.Join(err, flatErr)
	}
	return nil
}

// removeFlat removes a folder after moving nested folders up into it, so that no
// path becomes long.
func removeFlat(dir string) error {
	var number int
	for {
		entries, err := openedEntries(dir)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return os.Remove(dir)
		}
		for _, entry := range entries {
			path := filepath.Join(dir, entry.Name())
			if !entry.IsDir() {
				err = os.Remove(path)
			} else {
				err = lift(path, dir, &number)
			}
			if err != nil {
				return err
			}
		}
	}
}

// lift moves the subfolders of a folder into another one, and removes the rest.
func lift(dir, to string, number *int) error {
	entries, err := openedEntries(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !entry.IsDir() {
			err = os.Remove(path)
		} else if err = os.Chmod(path, 0o700); err == nil { // or it could not be moved
			err = moveFree(path, to, number)
		}
		if err != nil {
			return err
		}
	}
	return os.Remove(dir)
}

// moveFree moves a folder into another one, under an unused name.
func moveFree(path, to string, number *int) error {
	for {
		*number++
		free := filepath.Join(to, ".removed-"+strconv.Itoa(*number))
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return os.Rename(path, free)
		}
	}
}

func openedEntries(dir string) ([]fs.DirEntry, error) {
	os.Chmod(dir, 0o700) // on an error, reading it fails
	return os.ReadDir(dir)
}
