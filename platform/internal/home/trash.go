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

// trashDir is where things wait for their removal. There is such a folder only
// where there are some.
func (h Home) trashDir() string { return filepath.Join(h.Dir, "trash") }

// trashLock is the file that whoever empties the trash locks. Its time says when
// a call pruned the last time.
func (h Home) trashLock() string { return h.trashDir() + ".lock" }

// discard takes a file or folder away from its place at once, by moving it to
// the trash. What cannot be moved is removed where it is. Nothing of the name is
// no error.
func (h Home) discard(path string) error {
	if h.moveOut(path) != nil {
		return RemoveAll(path)
	}
	return nil
}

// moveOut moves a file or folder to the trash, and begins to remove it beside
// what else the call does. What is small, and everything where the disk is short
// of space, is removed at once; what cannot be stays for later calls.
func (h Home) moveOut(path string) error {
	to, err := h.take(path)
	switch {
	case err != nil:
	case h.short() || isSmall(to):
		if RemoveAll(to) == nil {
			os.Remove(h.trashDir()) // unless there is more
		}
	default:
		if l, err := tryLock(h.trashLock(), unix.LOCK_EX); err == nil { // or somebody else will come to it
			go func() {
				defer l.Close()
				h.empty(context.Background())
			}()
		}
	}
	return err
}

// take moves a file or folder to the trash and returns its place there.
func (h Home) take(path string) (string, error) {
	to := filepath.Join(h.trashDir(), newName())
	for {
		if err := os.Mkdir(h.trashDir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return to, err
		}
		err := os.Rename(path, to)
		if errors.Is(err, fs.ErrPermission) { // a folder that is closed to its owner
			if err = os.Chmod(path, 0o700); err == nil {
				err = os.Rename(path, to)
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return to, err
		}
		if _, err := os.Lstat(path); err != nil {
			return to, err
		} // or somebody removed the trash, for it was empty
	}
}

// isSmall says whether there are only few files and folders at a path.
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

// Empty removes what is in the trash, and what comes meanwhile, until ctx is
// done. Where another process does so it waits for its end. What cannot be
// removed stays, and is the error.
func (h Home) Empty(ctx context.Context) error {
	l, err := waitLock(ctx, h.trashLock(), unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer l.Close()
	return h.empty(ctx)
}

// empty is Empty for who has the lock.
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
			os.Remove(h.trashDir()) // unless something stays
			var all []error
			for _, err := range failed {
				all = append(all, err)
			}
			return errors.Join(all...)
		}
	}
}

// trash lists what waits for its removal: what has names that armature gave.
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

// pruneEvery is how often calls look for what was not used for long.
const pruneEvery = time.Hour

// How much may be in the trash when a call begins, how long the call waits for
// its removal when it is more, and how many bytes a call wants to be free: when
// they are not, it waits for the end.
const (
	trashKept    = 4
	trashWait    = 3 * time.Second
	trashWaitAll = 10 * time.Minute
	spaceWanted  = 3 << 30
)

// tidyAside begins to empty the trash beside what else the call does, and every
// hour to prune. The call waits for it only where the disk is short of space, or
// where calls leave more than they remove.
func (h Home) tidyAside(limits Limits) {
	lock := h.trashLock()
	info, err := os.Stat(lock)
	pruning := err == nil && time.Since(info.ModTime()) > pruneEvery
	if len(h.trash()) > 0 && h.short() {
		ctx, cancel := context.WithTimeout(context.Background(), trashWaitAll)
		defer cancel()
		h.Empty(ctx) // what stays, later calls try again
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

// short says whether the disk has less space than a call wants.
func (h Home) short() bool {
	var disk unix.Statfs_t
	if err := unix.Statfs(h.Dir, &disk); err != nil {
		return false
	}
	return disk.Bavail*uint64(disk.Bsize) < spaceWanted
}
