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

// Root returns the folder roots/<name>, which fill makes if it does not exist;
// other processes that want it wait only until it is made. The lock protects it
// from pruning. After fill, Root releases the exclusive lock and takes a shared
// one: converting a lock is not atomic (flock(2)). If another process prunes the
// root in between, it is made again.
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
		if err == nil { // the lock may be that of a pruned root
			err = touch(dir + ".lock")
		}
		making.Close()
		if err != nil {
			return "", Lock{}, err
		}
	}
}

// useRoot locks an existing root, and records the time.
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

// touch records that an item is used now.
func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// makeRoot fills a work folder and renames it when it is complete.
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

// KeepRoots removes the roots whose names begin with prefix, except the most
// recently used ones, as many as newest, and those in use.
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

// removeRoot removes a root unless it is in use. It starts with a rename, so that
// nobody finds an incomplete root if this process is killed.
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

// HasRoots reports whether there are roots. Lock files do not count.
func (h Home) HasRoots() bool {
	entries, _ := os.ReadDir(filepath.Join(h.Dir, "roots")) // an unreadable folder has none
	return slices.ContainsFunc(entries, fs.DirEntry.IsDir)
}
