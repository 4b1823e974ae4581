//go:build linux

// Package source copies an app's folder for a build.
package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Copy copies the folder from into the empty folder to. Like pack, it copies
// names, contents, permissions, times, and symbolic links as links, which it
// never follows. If filter returns false for a path, relative to from, the file
// is left out; excluded folders are still searched, and made if they have an
// included file. The folder own, armature's, is left out if it is inside the app:
// the copy would contain itself. An error that an app can cause is a
// [*failure.Failure].
func Copy(ctx context.Context, from, to, own string, filter func(path string) bool) error {
	return copyAll(ctx, from, to, &copier{filter: filter}, own)
}

// CopyWithout is Copy without a filter, for a build that removes folders of
// modules. Of each outermost one it first copies only the files directly in it;
// then removed returns the paths that the build removes, given that copy. Those
// stay incomplete, except for an empty folder if there is any.
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

// inside returns the relative path of a folder in another one, or "".
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
	folders        []folder // in the order of their creation

	removed func() []string // see CopyWithout; nil to copy everything
	modules []string        // folders of which only the files were copied
}

type folder struct {
	path string
	info fs.FileInfo
}

// walk copies a folder's content, with any file names; fs.WalkDir requires UTF-8.
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

// filesOf copies the files directly in a folder, and of its subfolders only the
// first, empty.
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

// completeModules copies the subfolders of those of modules that are not removed.
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
