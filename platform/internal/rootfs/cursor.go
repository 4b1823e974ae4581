//go:build linux

package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
)

// cursor keeps the folder of the last entry open. Most entries are in the same
// folder as the previous one, and opening it takes several system calls for each
// parent. Close it before removing files.
type cursor struct {
	root   *os.Root
	called string   // the folder, as in the entry's name
	name   string   // its real path
	open   *os.Root // nil if none is open
}

// enter is [cursor.folder], and leaves the folder open.
func (c *cursor) enter(name string) (string, error) {
	if c.open != nil && c.called == name {
		return c.name, nil
	}
	found, err := c.folder(name)
	if err != nil {
		return "", err
	}
	return found, c.moveTo(name, found)
}

func (c *cursor) moveTo(called, name string) error {
	c.close()
	open, err := c.root.OpenRoot(name)
	if err == nil {
		c.called, c.name, c.open = called, name, open
	}
	return err
}

// close closes the open folder, if any.
func (c *cursor) close() {
	if c.open != nil {
		c.open.Close()
	}
	*c = cursor{root: c.root}
}

// parent returns the open parent folder of a real path.
func (c *cursor) parent(name string) (*os.Root, error) {
	if dir := path.Dir(name); c.open == nil || c.name != dir {
		if err := c.moveTo(dir, dir); err != nil {
			return nil, err
		}
	}
	return c.open, nil
}

// maxLinks is the maximal number of symbolic links in a path, as in
// path_resolution(7).
const maxLinks = 40

// folder returns the real path of a folder, and creates it if necessary. It
// follows symbolic links as inside the image, with dir as the root.
func (c *cursor) folder(name string) (string, error) {
	at := walk{root: c.root, name: "."}
	defer at.close()
	rest := name
	for links := 0; rest != "" && rest != "."; {
		var next string
		next, rest, _ = strings.Cut(rest, "/")
		if next == ".." {
			at.moveTo(path.Dir(at.name))
			continue
		}
		link, err := at.enter(next)
		if err != nil {
			return "", err
		}
		if link == "" {
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: too many symbolic links", name)
		}
		if path.IsAbs(link) {
			at.moveTo(".")
		}
		rest = path.Join(strings.TrimPrefix(link, "/"), rest)
	}
	return at.name, nil
}

// errNotFolder is the error for a file in place of a folder.
var errNotFolder = errors.New("not a folder")
