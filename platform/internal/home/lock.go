//go:build linux

package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is held until it is closed, or its process ends.
type Lock struct{ file *os.File }

// Close lets go of it. The zero Lock holds nothing.
func (l Lock) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// locksIn are the paths of a folder's locks whose names begin with prefix.
func locksIn(dir, prefix string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, prefix) && strings.HasSuffix(name, ".lock") {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, err
}

// errLocked is that of a lock that somebody else has.
const errLocked = unix.EWOULDBLOCK

// tryLock locks a file, which it makes, or says that it is locked. Whoever holds
// a lock alone may remove its file: the lock is that of the file which has the
// name when it is taken.
func tryLock(path string, operation int) (Lock, error) {
	for {
		l, err := lockOnce(path, operation, os.O_RDWR|os.O_CREATE)
		if !errors.Is(err, fs.ErrNotExist) {
			return l, err
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return Lock{}, err
		}
	}
}

// lockOnce locks the file at path, opened with the flags. That another file, or
// none, has the name by then is [fs.ErrNotExist].
func lockOnce(path string, operation, flags int) (Lock, error) {
	file, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return Lock{}, err
	}
	err = unix.Flock(int(file.Fd()), operation|unix.LOCK_NB)
	if err == nil {
		err = isStill(file, path)
	}
	if err != nil {
		file.Close()
		return Lock{}, err
	}
	return Lock{file}, nil
}

// isStill is an error unless the open file has the name.
func isStill(file *os.File, path string) error {
	open, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(path)
	if err == nil && !os.SameFile(open, named) {
		err = fs.ErrNotExist
	}
	return err
}

// pollInterval is how often a lock is tried. Waiting in the kernel could not be
// interrupted.
const pollInterval = 50 * time.Millisecond

// pause waits before the next try.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollInterval):
		return nil
	}
}

// waitLock locks a file when nobody else has it any more.
func waitLock(ctx context.Context, path string, operation int) (Lock, error) {
	for {
		l, err := tryLock(path, operation)
		if !errors.Is(err, errLocked) {
			return l, err
		}
		if err := pause(ctx); err != nil {
			return Lock{}, err
		}
	}
}
