//go:build linux

package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// trashDir returns the folder for files to remove. It exists only while it has
// any.
func (h Home) trashDir() string { return filepath.Join(h.Dir, "trash") }

// trashLock returns the file that a process locks to empty the trash. Its time is
// that of the last pruning.
func (h Home) trashLock() string { return h.trashDir() + ".lock" }

// discard removes a file or folder from its path at once, by moving it to the
// trash, or else by removing it there. A missing one is no error.
func (h Home) discard(path string) error {
	if h.moveOut(path) != nil {
		return RemoveAll(path)
	}
	return nil
}

// moveOut moves a file or folder to the trash, and begins to remove it beside the
// call's other work. It removes small ones, and everything if the disk is short
// of space, at once; what it cannot remove stays for later calls.
func (h Home) moveOut(path string) error {
	to, err := h.take(path)
	switch {
	case err != nil:
	case h.short() || isSmall(to):
		if RemoveAll(to) == nil {
			os.Remove(h.trashDir()) // fails unless it is empty
		}
	default:
		if l, err := tryLock(h.trashLock(), unix.LOCK_EX); err == nil { // or the lock's holder removes it
			go func() {
				defer l.Close()
				h.empty(context.Background())
			}()
		}
	}
	return err
}

// take moves a file or folder to the trash and returns its path there.
func (h Home) take(path string) (string, error) {
	to := filepath.Join(h.trashDir(), newName())
	for {
		if err := os.Mkdir(h.trashDir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return to, err
		}
		err := os.Rename(path, to)
		if errors.Is(err, fs.ErrPermission) { // a folder without permissions for its owner
			if err = os.Chmod(path, 0o700); err == nil {
				err = os.Rename(path, to)
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return to, err
		}
		if _, err := os.Lstat(path); err != nil {
			return to, err
		} // or another process removed the trash, as it was empty
	}
}

// isSmall reports whether a path has only few files and folders.
func isSmall(path string) bool {
	const few = 64
	count := 0
	err := filepath.WalkDir(path, func(_ string, _ fs.DirEntry, err error) error {
		if count++; count > few {
			return fs.SkipAll
		}
		return err
	})
	return err == nil && count <= few
}

// Empty empties the trash until ctx is done, including what others add meanwhile.
// If another process does so, it waits for that. Files that cannot be removed
// stay, and are the error.
func (h Home) Empty(ctx context.Context) error {
	l, err := waitLock(ctx, h.trashLock(), unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer l.Close()
	return h.empty(ctx)
}

// empty is Empty for the holder of the lock.
func (h Home) empty(ctx context.Context) error {
	failed := map[string]error{}
	for {
		found := false
		for _, path := range h.trash() {
			if failed[path] != nil {
				continue
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			found = true
			err := RemoveAll(path)
			if _, gone := os.Lstat(path); err != nil && gone == nil {
				failed[path] = err
			}
		}
		if !found {
			os.Remove(h.trashDir()) // fails if something stays
			var all []error
			for _, err := range failed {
				all = append(all, err)
			}
			return errors.Join(all...)
		}
	}
}

// trash lists the files to remove: those with names that armature gives.
func (h Home) trash() []string {
	entries, err := os.ReadDir(h.trashDir())
	if err != nil {
		return nil
	}
	var paths []string
	for _, entry := range entries {
		if given.MatchString(entry.Name()) {
			paths = append(paths, filepath.Join(h.trashDir(), entry.Name()))
		}
	}
	return paths
}

// pruneEvery is the interval at which calls prune.
const pruneEvery = time.Hour

// The most bytes in the trash with which a call starts without waiting, how long
// it waits if there are more, and the free bytes that it needs: with less, it
// waits until the trash is empty.
const (
	trashKept    = 4
	trashWait    = 3 * time.Second
	trashWaitAll = 10 * time.Minute
	spaceWanted  = 3 << 30
)

// tidyAside begins to empty the trash beside the call's other work, and prunes
// every hour. The call waits only if the disk is short of space, or if calls
// leave more than they remove.
func (h Home) tidyAside(limits Limits) {
	lock := h.trashLock()
	info, err := os.Stat(lock)
	pruning := err == nil && time.Since(info.ModTime()) > pruneEvery
	if len(h.trash()) > 0 && h.short() {
		ctx, cancel := context.WithTimeout(context.Background(), trashWaitAll)
		defer cancel()
		h.Empty(ctx) // later calls retry
	}
	l, err := tryLock(lock, unix.LOCK_EX)
	if err != nil {
		return // another call does it
	}
	waiting := len(h.trash())
	if waiting == 0 && !pruning {
		l.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer l.Close()
		h.empty(context.Background())
		if pruning && touch(lock) == nil {
			h.Prune(context.Background(), limits)
			h.empty(context.Background())
		}
	}()
	if waiting > trashKept {
		select {
		case <-done:
		case <-time.After(trashWait):
		}
	}
}

// short reports whether the disk has less space than a call needs.
func (h Home) short() bool {
	var disk unix.Statfs_t
	if err := unix.Statfs(h.Dir, &disk); err != nil {
		return false
	}
	return disk.Bavail*uint64(disk.Bsize) < spaceWanted
}
