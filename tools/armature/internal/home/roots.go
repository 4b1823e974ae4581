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
// another process that wants it meanwhile waits. The lock keeps it from being
// pruned.
func (h Home) Root(ctx context.Context, name string, fill func(dir string) error) (string, Lock, error) {
	dir := filepath.Join(h.Dir, "roots", name)
	if l, err := h.useRoot(dir); err == nil {
		return dir, l, nil
	}
	making, err := waitLock(ctx, dir+".lock", unix.LOCK_EX)
	if err != nil {
		return "", Lock{}, err
	}
	if _, err := os.Lstat(dir); err != nil {
		if err := h.makeRoot(dir, fill); err != nil {
			making.Close()
			return "", Lock{}, err
		}
	}
	now := time.Now() // the lock may be that of a root which was pruned
	if err := os.Chtimes(dir+".lock", now, now); err != nil {
		making.Close()
		return "", Lock{}, err
	}
	// From exclusive to shared, without a moment in between.
	if err := unix.Flock(int(making.file.Fd()), unix.LOCK_SH); err != nil {
		making.Close()
		return "", Lock{}, err
	}
	return dir, making, nil
}

// useRoot locks a root that is there, and notes the time.
func (h Home) useRoot(dir string) (Lock, error) {
	l, err := tryLock(dir+".lock", unix.LOCK_SH)
	if err != nil {
		return Lock{}, err
	}
	if _, err := os.Lstat(dir); err != nil {
		l.Close()
		return Lock{}, err
	}
	now := time.Now()
	return l, os.Chtimes(dir+".lock", now, now)
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

// age is how long a root is kept that nobody uses.
const age = 30 * 24 * time.Hour

// Prune removes roots that were not used for a month.
func (h Home) Prune() error {
	locks, err := filepath.Glob(filepath.Join(h.Dir, "roots", "*.lock"))
	if err != nil {
		return err
	}
	for _, path := range locks {
		info, err := os.Lstat(path)
		if err != nil || time.Since(info.ModTime()) < age {
			continue
		}
		if err := h.removeRoot(strings.TrimSuffix(path, ".lock")); err != nil {
			return err
		}
	}
	return nil
}

// KeepRoots removes the roots whose names begin with prefix, but for the newest
// of them that were used last, and those in use.
func (h Home) KeepRoots(prefix string, newest int) error {
	locks, err := filepath.Glob(filepath.Join(h.Dir, "roots", prefix+"*.lock"))
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
	work, err := h.NewWork()
	if err != nil {
		return err
	}
	if err = os.Rename(dir, work.Path("root")); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, work.Close())
}
