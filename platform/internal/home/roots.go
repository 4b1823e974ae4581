//go:build linux

package home

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Root returns the folder roots/<name>, which fill makes unless it is there;
// another process that wants it meanwhile waits until it is made, and no longer.
// The lock keeps it from being pruned. Whoever makes a root lets go of it before
// using it as everybody does: a lock cannot be changed from one kind to the other
// without a moment in between (flock(2)). Should somebody remove the root in that
// moment, it is made again.
func (h Home) Root(ctx context.Context, name string, fill func(dir string) error) (string, Lock, error) {
	dir := filepath.Join(h.Dir, "roots", name)
	for {
		l, err := h.useRoot(dir)
		if err == nil {
			return dir, l, nil
		}
		if !errors.Is(err, errLocked) && !errors.Is(err, fs.ErrNotExist) {
			return "", Lock{}, err
		}
		making, err := tryLock(dir+".lock", unix.LOCK_EX)
		if errors.Is(err, errLocked) {
			if err := pause(ctx); err != nil {
				return "", Lock{}, err
			}
			continue
		}
		if err != nil {
			return "", Lock{}, err
		}
		if _, err = os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			err = h.makeRoot(dir, fill)
		}
		if err == nil { // the lock may be that of a root which was pruned
			err = touch(dir + ".lock")
		}
		making.Close()
		if err != nil {
			return "", Lock{}, err
		}
	}
}

// useRoot locks a root that is there, and notes the time.
func (h Home) useRoot(dir string) (Lock, error) {
	l, err := tryLock(dir+".lock", unix.LOCK_SH)
	if err != nil {
		return Lock{}, err
	}
	_, err = os.Lstat(dir)
	if err == nil {
		err = touch(dir + ".lock")
	}
	if err != nil {
		l.Close()
		return Lock{}, err
	}
	return l, nil
}

// touch notes that something was used now.
func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// makeRoot fills a work folder and gives it its name when it is whole.
func (h Home) makeRoot(dir string, fill func(dir string) error) error {
	work, err := h.NewWork()
	if err != nil {
		return err
	}
	made, err := work.Folder("root", 0o755)
	if err == nil {
		err = fill(made)
	}
	if err == nil {
		err = os.Rename(made, dir)
	}
	return errors.Join(err, work.Close())
}

// KeepRoots removes the roots whose names begin with prefix, but for the newest
// of them that were used last, and those in use.
func (h Home) KeepRoots(prefix string, newest int) error {
	locks, err := locksIn(filepath.Join(h.Dir, "roots"), prefix)
	if err != nil {
		return err
	}
	used := map[string]time.Time{}
	for _, path := range locks {
		root := strings.TrimSuffix(path, ".lock")
		info, err := os.Lstat(path)
		if _, rootErr := os.Lstat(root); err == nil && rootErr == nil {
			used[root] = info.ModTime()
		}
	}
	roots := slices.SortedFunc(maps.Keys(used), func(a, b string) int { return used[b].Compare(used[a]) })
	for _, root := range roots[min(newest, len(roots)):] {
		if err := h.removeRoot(root); err != nil {
			return err
		}
	}
	return nil
}

// removeRoot removes a root unless it is in use: at first its name, so that
// nobody ever finds a part of it, should this process be killed meanwhile.
func (h Home) removeRoot(dir string) error {
	l, err := tryLock(dir+".lock", unix.LOCK_EX)
	if err != nil {
		return nil
	}
	defer l.Close()
	if err := h.moveOut(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(dir + ".lock")
}

// HasRoots says whether any root is there. The files of locks beside roots do not
// count.
func (h Home) HasRoots() bool {
	entries, _ := os.ReadDir(filepath.Join(h.Dir, "roots")) // what cannot be listed is of no use
	return slices.ContainsFunc(entries, fs.DirEntry.IsDir)
}
