package npminstall

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

// moveTree moves a folder to a place where nothing is yet. The app and the
// layers are different mounts in a build container, where a rename is not
// possible: then it copies, and removes the source afterwards.
func moveTree(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if err := copyTree(from, to); err != nil {
		return err
	}
	return removeTree(from)
}

// copyTree copies a folder to a place where nothing is yet: files, folders
// and symbolic links, with their modes. What it has made is removed when it
// fails.
func copyTree(from, to string) (err error) {
	defer func() {
		if err != nil {
			os.RemoveAll(to)
			err = copyingFault(from, to, err)
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
			group.Go(func() error { return copyFile(path, place) })
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

func copyFile(from, to string) error {
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

// copyEntry copies a file or a symbolic link, in place of any that is there,
// and makes the folders above it.
func copyEntry(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if link, err := os.Readlink(from); err == nil {
		return os.Symlink(link, to)
	}
	return copyingFault(from, to, copyFile(from, to))
}

// replaceTree moves a folder to a place, and removes what was there. Where
// there is no such folder it removes nothing.
func replaceTree(from, to string) error {
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil
	}
	if err := removeTree(to); err != nil {
		return err
	}
	return moveTree(from, to)
}

// removeTree removes a folder, also one with folders that are not writable.
func removeTree(dir string) error {
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

func copyingFault(from, to string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return diskFull(fmt.Sprintf("the disk is full while copying %s to %s", from, to), err)
	}
	return fmt.Errorf("copying %s to %s: %w", from, to, err)
}

func diskFull(cause string, err error) error {
	return &failure.Failure{
		ID:     "disk-full",
		Cause:  cause,
		Remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
		Err:    err,
	}
}

// anchorLinks makes every symbolic link in a folder that leads out of it
// absolute, so that it still leads there once the folder is elsewhere. It
// returns the places that those links lead to.
func anchorLinks(dir string) ([]string, error) {
	var outside []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() != fs.ModeSymlink {
			return err
		}
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		place := link
		if !filepath.IsAbs(link) {
			place = filepath.Join(filepath.Dir(path), link)
		}
		if place == dir || strings.HasPrefix(place, dir+"/") {
			return nil
		}
		outside = append(outside, place)
		if place == link {
			return nil
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Symlink(place, path)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the links in %s: %w", dir, err)
	}
	return outside, nil
}
