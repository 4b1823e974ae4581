//go:build linux

package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/interrupt"
)

// entry copies one entry of a folder.
func (c *copier) entry(path string, info fs.FileInfo) error {
	if c.filter != nil && !c.filter(path) {
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return c.folder(path, info)
	case mode&fs.ModeSocket != 0:
		return nil // cannot be copied; pack leaves it out, too
	case mode.IsRegular(), mode&fs.ModeSymlink != 0:
		if err := c.parents(path); err != nil {
			return err
		}
		if mode.IsRegular() {
			return c.file(path, info)
		}
		return c.link(path)
	}
	return &failure.Failure{
		ID: "app-file-type", Cause: fmt.Sprintf("%s is a pipe or a device: want files, folders and symbolic links", path),
		Remedy: "move it out of the app's folder.",
	}
}

func unreadable(path string, err error) error {
	return &failure.Failure{ID: "app-unreadable", Cause: "reading " + path + " of the app's folder", Err: err, Remedy: "make it readable, or move it out of the folder."}
}

// folder makes a writable folder; its own mode is set at the end.
func (c *copier) folder(path string, info fs.FileInfo) error {
	if err := c.parents(path); err != nil {
		return err
	}
	if err := c.target.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	c.folders = append(c.folders, folder{path, info})
	return nil
}

// parents makes excluded folders that have an included file.
func (c *copier) parents(path string) error {
	if c.filter == nil {
		return nil
	}
	return c.target.MkdirAll(filepath.Dir(path), 0o755)
}

func (c *copier) file(path string, info fs.FileInfo) error {
	in, err := c.source.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	defer in.Close()
	out, err := c.target.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if info.Size() >= diskfull.Large { // a sparse file takes less of its own disk
		if err := diskfull.Fits(out, info.Size(), "it"); err != nil {
			return fmt.Errorf("copying %s: %w", path, err)
		}
	}
	if _, err := io.Copy(out, interrupt.Reader(c.ctx, in)); err != nil {
		return fmt.Errorf("copying %s: %w", path, err)
	}
	if err := out.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return c.target.Chtimes(path, info.ModTime(), info.ModTime())
}

func (c *copier) link(path string) error {
	to, err := c.source.Readlink(path)
	if err != nil {
		return unreadable(path, err)
	}
	return c.target.Symlink(to, path)
}

// closeFolders sets the modes and times of folders, innermost first.
func (c *copier) closeFolders() error {
	for i := len(c.folders) - 1; i >= 0; i-- {
		f := c.folders[i]
		if err := c.target.Chmod(f.path, f.info.Mode().Perm()); err != nil {
			return err
		}
		if err := c.target.Chtimes(f.path, f.info.ModTime(), f.info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}
