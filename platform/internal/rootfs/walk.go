//go:build linux

package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// walk is a way down from a root. Each folder is opened from the one before:
// from the root, a path of n folders would take n steps for each of them.
type walk struct {
	root *os.Root
	name string   // the real path of the folder that it has reached
	open *os.Root // that folder; nil until it is needed
}

// moveTo moves to another folder, given its real path.
func (w *walk) moveTo(name string) {
	w.close()
	w.name = name
}

// enter moves to a folder of the current one, and creates it if necessary. If it
// is a symbolic link, it moves nowhere and returns the link's target.
func (w *walk) enter(next string) (link string, err error) {
	if w.open == nil {
		if w.open, err = w.root.OpenRoot(w.name); err != nil {
			return "", err
		}
	}
	info, err := w.open.Lstat(next)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := w.open.Mkdir(next, 0o755); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink != 0:
		return w.open.Readlink(next)
	case !info.IsDir():
		return "", fmt.Errorf("%s of the image is %w", path.Join(w.name, next), errNotFolder)
	}
	inner, err := w.open.OpenRoot(next)
	if err != nil {
		return "", err
	}
	w.moveTo(path.Join(w.name, next))
	w.open = inner
	return "", nil
}

// close closes the open folder, if any.
func (w *walk) close() {
	if w.open != nil {
		w.open.Close()
	}
	w.open = nil
}
