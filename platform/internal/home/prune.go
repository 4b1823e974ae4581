//go:build linux

package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/files/staging"
)

// Limits say how much to keep.
type Limits struct {
	Age   time.Duration // remove items not used for longer
	Size  int64         // maximal bytes of all items: the least recently used are removed first; no limit when negative
	Spare time.Duration // keep items used since then, whatever the size
	Dry   bool          // list only
}

// Kind is the kind of an item.
type Kind string

// The kinds of items; each has a folder.
const (
	RootKind    Kind = "root"
	BuildKind   Kind = "build"
	ImageKind   Kind = "image"
	ArchiveKind Kind = "archive" // of packages; Prune returns all of them as one item
)

// Item is an item that is kept until it is pruned.
type Item struct {
	Kind Kind
	Name string // for people
	Size int64  // bytes on disk; shared files count in part
	Used time.Time

	path string
	lock string // file that its users lock; "" for an image or an archive
}

// Prune moves unused items beyond the limits to the trash, and returns them,
// least recently used first.
func (h Home) Prune(ctx context.Context, limits Limits) ([]Item, error) {
	items, err := h.items()
	if err != nil {
		return nil, err
	}
	h.discardStages()
	slices.SortFunc(items, func(a, b Item) int { return a.Used.Compare(b.Used) })
	var size int64
	for i := range items {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if limits.Size >= 0 || limits.Dry {
			items[i].Size = sizeOf(items[i].path)
		}
		size += items[i].Size
	}
	var gone []Item
	var failed []error
	for _, item := range items {
		unused := time.Since(item.Used)
		if unused <= limits.Age && (limits.Size < 0 || size <= limits.Size || unused <= limits.Spare) {
			break // the rest was used later
		}
		removed, err := h.prune(item, limits.Dry)
		if err != nil {
			failed = append(failed, err)
		}
		if removed {
			size -= item.Size
			gone = append(gone, item)
		}
	}
	return together(gone), errors.Join(failed...)
}

// items lists the items, without sizes. armature's lock files are empty: other
// files, such as the lockfiles of package managers, are not its own.
func (h Home) items() ([]Item, error) {
	var items []Item
	for _, kind := range []Kind{RootKind, BuildKind} {
		locks, err := locksIn(filepath.Join(h.Dir, string(kind)+"s"), "")
		if err != nil {
			return nil, err
		}
		for _, lock := range locks {
			info, err := os.Lstat(lock)
			if err != nil || !info.Mode().IsRegular() || info.Size() > 0 {
				continue // removed meanwhile, or not armature's
			}
			item := Item{Kind: kind, path: strings.TrimSuffix(lock, ".lock"), lock: lock, Used: info.ModTime()}
			item.Name = filepath.Base(item.path)
			if kind == BuildKind {
				item.describe()
			}
			items = append(items, item)
		}
	}
	return slices.Concat(items, h.images(), h.archives()), nil
}

// describe adds a build folder's key. Older versions of armature recorded neither
// the key nor the time of use; but each build rewrote one file.
func (i *Item) describe() {
	if key, err := os.ReadFile(filepath.Join(i.path, keyFile)); err == nil {
		i.Name = string(key)
		return
	}
	i.Name += ", of an older version of armature"
	if info, err := os.Lstat(filepath.Join(i.path, "manifest.json")); err == nil && info.ModTime().After(i.Used) {
		i.Used = info.ModTime()
	}
}

// layoutIndex is the file that identifies an image's folder; its time is the time
// of use.
const layoutIndex = "index.json"

// UseImage records that an image, given by its folder, is used now.
func (h Home) UseImage(dir string) {
	touch(filepath.Join(dir, layoutIndex)) // on an error it is pruned earlier
}

// isImage reports whether a folder has the name of an image, NAME:TAG.
func isImage(name string) bool { return strings.Contains(name, ":") }

func (h Home) images() []Item {
	var items []Item
	top := filepath.Join(h.Dir, "images")
	filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // skip what is unreadable
		}
		if info, err := os.Lstat(filepath.Join(path, layoutIndex)); err == nil && isImage(entry.Name()) {
			items = append(items, Item{Kind: ImageKind, Name: strings.TrimPrefix(path, top+"/"), path: path, Used: info.ModTime()})
			return fs.SkipDir
		}
		return nil
	})
	return items
}

// prune removes an item unless it is in use.
func (h Home) prune(item Item, dry bool) (removed bool, err error) {
	switch {
	case item.lock == "" && dry:
		return true, nil
	case item.Kind == ImageKind:
		return h.pruneImage(item)
	case item.Kind == ArchiveKind:
		return h.pruneArchive(item)
	}
	l, err := lockOnce(item.lock, unix.LOCK_EX, os.O_RDWR)
	if err != nil {
		return false, nil
	}
	defer l.Close()
	if dry {
		return true, nil
	}
	err = h.moveOut(item.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return err == nil, os.Remove(item.lock) // there may be only the lock file
}

// pruneImage removes an image, unless it was replaced or used meanwhile.
func (h Home) pruneImage(item Item) (bool, error) {
	unused := func(dir string) bool {
		info, err := os.Lstat(filepath.Join(dir, layoutIndex))
		return err == nil && info.ModTime().Equal(item.Used)
	}
	if !unused(item.path) {
		return false, nil
	}
	to, err := h.take(item.path)
	if err != nil {
		return false, err
	}
	if !unused(to) { // between the check and the rename
		err := unix.Renameat2(unix.AT_FDCWD, to, unix.AT_FDCWD, item.path, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EEXIST) { // there is already a newer one
			err = nil
		}
		return false, err
	}
	for dir := filepath.Dir(item.path); dir != filepath.Join(h.Dir, "images"); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break // not empty
		}
	}
	return true, nil
}

// discardStages removes the unfinished files of killed processes.
func (h Home) discardStages() {
	filepath.WalkDir(filepath.Join(h.Dir, "images"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil
		case strings.HasPrefix(entry.Name(), ".") && strings.Contains(entry.Name(), staging.Mark):
			staging.RemoveStale(path)
			return fs.SkipDir
		}
		return nil
	})
}

// sizeOf returns the size of a folder on disk in bytes; files with several links
// count in part.
func sizeOf(dir string) int64 {
	var size int64
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			stat := info.Sys().(*syscall.Stat_t)
			links := int64(1)
			if !entry.IsDir() {
				links = max(1, int64(stat.Nlink))
			}
			size += stat.Blocks * 512 / links
		}
		return nil
	})
	return size
}
