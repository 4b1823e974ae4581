// Package tree moves, copies, removes and describes whole folders: files, folders
// and symbolic links, with their modes. A disk that is full is a
// [failure.Failure] with the id disk-full.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/failure"
)

// copiers is how many files are copied at a time.
const copiers = 8

// Move moves a folder to a place where nothing is yet. The app and the layers are
// different mounts in a build container, where a rename is possible only in the
// [Room]: elsewhere it copies, and removes the source afterwards.
func Move(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if renameInRoom(from, to) {
		return nil
	}
	if err := Copy(from, to); err != nil {
		return err
	}
	return Remove(from)
}

// Copy copies a folder to a place where nothing is yet: files, folders
// and symbolic links, with their modes. What it has made is removed when it
// fails.
func Copy(from, to string) (err error) {
	defer func() {
		if err != nil {
			os.RemoveAll(to)
			err = CopyingFault(from, to, err)
		}
	}()
	var group errgroup.Group
	group.SetLimit(copiers)
	modes := map[string]fs.FileMode{} // of folders, set when they are full
	walkErr := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		place := to + strings.TrimPrefix(path, from)
		switch entry.Type() {
		case fs.ModeDir:
			info, err := entry.Info()
			if err != nil {
				return err
			}
			modes[place] = info.Mode().Perm()
			return os.Mkdir(place, 0o700)
		case fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, place)
		case 0:
			group.Go(func() error { return CopyFile(path, place) })
			return nil
		}
		return fmt.Errorf("%s is neither a file, nor a folder, nor a link", path)
	})
	if err := errors.Join(walkErr, group.Wait()); err != nil {
		return err
	}
	for place, mode := range modes {
		if err := os.Chmod(place, mode); err != nil {
			return err
		}
	}
	return nil
}

// CopyFile copies a file with its mode to a place where nothing is yet.
func CopyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Chmod(info.Mode().Perm()), file.Close())
}

// CopyEntry copies a file or a symbolic link, in place of any that is there,
// and makes the folders above it.
func CopyEntry(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if link, err := os.Readlink(from); err == nil {
		return os.Symlink(link, to)
	}
	return CopyingFault(from, to, CopyFile(from, to))
}

// Replace moves a folder to a place, and removes what was there. Where
// there is no such folder it removes nothing.
func Replace(from, to string) error {
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil
	}
	if err := Remove(to); err != nil {
		return err
	}
	return Move(from, to)
}

// Remove removes a folder, also one with folders that are not writable.
func Remove(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// CopyingFault is the error of a copy that failed; nil for none.
func CopyingFault(from, to string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return DiskFull(fmt.Sprintf("the disk is full while copying %s to %s", from, to), err)
	}
	return fmt.Errorf("copying %s to %s: %w", from, to, err)
}

// DiskFull is the [failure.Failure] for a disk that is full, with the id disk-full.
func DiskFull(cause string, err error) error {
	return &failure.Failure{
		ID:     "disk-full",
		Cause:  cause,
		Remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
		Err:    err,
	}
}
