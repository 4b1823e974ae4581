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

// Lock is a file lock, held until it is closed or the process ends.
type Lock struct{ file *os.File }

// Close releases the lock. The zero Lock holds nothing.
func (l Lock) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// locksIn returns the paths of a folder's lock files whose names begin with
// prefix.
func locksIn(dir, prefix string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, prefix) && strings.HasSuffix(name, ".lock") {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, err
}

// errLocked is the error for a lock that another process holds.
const errLocked = unix.EWOULDBLOCK

// tryLock locks a file, which it creates if necessary, or returns errLocked. The
// holder of an exclusive lock may remove its file, so tryLock makes sure that the
// locked file still has the name.
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

// lockOnce locks the file at path, opened with the flags. It returns
// [fs.ErrNotExist] if the path was removed or replaced meanwhile.
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

// isStill returns an error unless path still names the open file.
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

// pollInterval is the interval between tries for a lock. Waiting in the kernel
// could not be cancelled.
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

// waitLock locks a file, and waits while others hold the lock.
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
