//go:build linux

// Package source copies an app's folder into the one that a build works on.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/interrupt"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Copy copies the folder from into the folder to, which must be there and
// empty. What is copied is what pack copies: names, contents, permissions,
// times, and symbolic links as links, which are never followed. A filter that
// returns false for a path, relative to from, leaves that file out; it is not
// asked for folders that keep others in, whose copies appear when needed. The
// folder own, armature's, is left out where the app's has it inside: the copy
// would be part of what is copied. An error an app can cause is a
// [*failure.Failure].
func Copy(ctx context.Context, from, to, own string, filter func(path string) bool) error {
	return copyAll(ctx, from, to, &copier{filter: filter}, own)
}

// CopyWithout is Copy without a filter, for a build that removes folders of
// modules. Of those that are in no other one it first copies only the files right
// in them, and then asks removed for the paths of those that the build removes, as
// it finds the copy. The rest of these is left out, but for an empty folder where
// there is any.
func CopyWithout(ctx context.Context, from, to, own string, removed func() []string) error {
	return copyAll(ctx, from, to, &copier{removed: removed}, own)
}

func copyAll(ctx context.Context, from, to string, c *copier, own string) error {
	source, err := os.OpenRoot(from)
	if err != nil {
		return &failure.Failure{ID: "app-unreadable", Cause: "opening the app's folder", Err: err, Remedy: "name the folder with the app's package.json: armature build FOLDER."}
	}
	defer source.Close()
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	c.ctx, c.source, c.target, c.own = ctx, source, target, inside(from, own)
	if err := c.walk("."); err != nil {
		return err
	}
	if len(c.modules) > 0 {
		if err := c.completeModules(); err != nil {
			return err
		}
	}
	return c.closeFolders()
}

// inside is the path of a folder in another one, or "" where it is not.
func inside(dir, folder string) string {
	if folder == "" {
		return ""
	}
	for _, path := range []*string{&dir, &folder} {
		absolute, err := filepath.Abs(*path)
		if err == nil {
			absolute, err = filepath.EvalSymlinks(absolute)
		}
		if err != nil {
			return ""
		}
		*path = absolute
	}
	path, err := filepath.Rel(dir, folder)
	if err != nil || !filepath.IsLocal(path) || path == "." {
		return ""
	}
	return filepath.ToSlash(path)
}

// copier copies one folder.
type copier struct {
	ctx            context.Context
	source, target *os.Root
	filter         func(path string) bool
	own            string   // a folder to leave out, or ""
	folders        []folder // in the order they were made

	removed func() []string // see CopyWithout; nil when everything is copied
	modules []string        // folders that only the files were copied of
}

type folder struct {
	path string
	info fs.FileInfo
}

// walk copies what is in a folder. It takes any name that the system does, where
// fs.WalkDir wants UTF-8.
func (c *copier) walk(dir string) error {
	names, err := c.names(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		if path == c.own {
			continue
		}
		info, err := c.source.Lstat(path)
		if err != nil {
			return unreadable(path, err)
		}
		if err := c.entry(path, info); err != nil {
			return err
		}
		switch {
		case info.IsDir() && c.removed != nil && name == nodemodules.Dir:
			c.modules = append(c.modules, path)
			err = c.filesOf(path)
		case info.IsDir():
			err = c.walk(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// names lists a folder, sorted.
func (c *copier) names(dir string) ([]string, error) {
	opened, err := c.source.Open(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	defer opened.Close()
	names, err := opened.Readdirnames(-1)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	slices.Sort(names)
	return names, nil
}

// filesOf copies what is right in a folder, and of folders in it only the first,
// empty.
func (c *copier) filesOf(dir string) error {
	names, err := c.names(dir)
	if err != nil {
		return err
	}
	folders := 0
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := c.source.Lstat(path)
		if err != nil {
			return unreadable(path, err)
		}
		if info.IsDir() {
			if folders++; folders > 1 || path == c.own {
				continue
			}
		}
		if err := c.entry(path, info); err != nil {
			return err
		}
	}
	return nil
}

// completeModules copies the folders in those of modules that are not removed.
func (c *copier) completeModules() error {
	modules := c.modules
	removed := c.removed()
	c.removed = nil
	for _, dir := range modules {
		if slices.Contains(removed, dir) {
			continue
		}
		names, err := c.names(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			path := filepath.Join(dir, name)
			info, err := c.source.Lstat(path)
			if err != nil {
				return unreadable(path, err)
			}
			if !info.IsDir() || path == c.own {
				continue
			}
			if err := errors.Join(c.entry(path, info), c.walk(path)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *copier) entry(path string, info fs.FileInfo) error {
	if c.filter != nil && !c.filter(path) {
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return c.folder(path, info)
	case mode&fs.ModeSocket != 0:
		return nil // nothing that a copy could hold, and pack leaves it out, too
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

// folder makes a folder that can be written to; its own mode comes last.
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

// parents makes the folders that a filter left out and a file in them needs.
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
	if info.Size() >= diskfull.Large { // of a file with holes, which has less on its disk
		if err := diskfull.Fits(out, info.Size()); err != nil {
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

// closeFolders gives folders their modes and times, innermost first.
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
