package archive

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// copyFolder copies the selected entries of a folder. It does not read the
// others.
func copyFolder(ctx context.Context, from, dir string, selection Selection) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer source.Close()
	c := copier{newUnpacker(root, selection), source}
	for name := range selection.Files {
		if err := c.walk(ctx, name); err != nil {
			return err
		}
	}
	for name := range selection.Dirs {
		if err := c.walk(ctx, path.Join(".", name)); err != nil {
			return err
		}
	}
	return c.missing()
}

type copier struct {
	*unpacker
	source *os.Root
}

// walk copies a file or a folder's content. It ignores a missing entry, which
// the final check reports.
func (c copier) walk(ctx context.Context, name string) error {
	return fs.WalkDir(c.source.FS(), name, func(name string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || entry.IsDir() {
			return err
		}
		if err := c.copy(name, entry); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

func (c copier) copy(name string, entry fs.DirEntry) error {
	to, err := c.place(name)
	if to == "" || err != nil {
		return err
	}
	switch entry.Type() {
	case 0:
		file, err := c.source.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		return c.file(to, info.Mode(), file)
	case fs.ModeSymlink:
		points, err := c.source.Readlink(name)
		if err != nil {
			return err
		}
		return c.link(to, points)
	}
	return fmt.Errorf("its kind is %s, want a file, a folder or a symbolic link", entry.Type())
}
