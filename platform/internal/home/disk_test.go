//go:build linux

package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// unprivileged runs a part of a test as an ordinary user, on a thread that ends
// with it: root could ignore modes.
func unprivileged(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		err := unix.Capset(&header, &none[0])
		if err == nil {
			do()
		}
		done <- err
	}()
	must(t, <-done)
}

// As images and npm make them: unreadable for their owner. Some have names that
// armature gives.
func TestClosedFoldersAreRemovedByOrdinaryUsers(t *testing.T) {
	for name, remove := range map[string]func(h Home, dir string) error{
		"at once":  func(_ Home, dir string) error { return RemoveAll(dir) },
		"flat":     func(_ Home, dir string) error { return removeFlat(dir) },
		"to trash": func(h Home, dir string) error { return h.moveOut(dir) },
	} {
		h := opening(t, t.TempDir())
		dir := filepath.Join(h.Dir, "closed")
		for _, folder := range []string{"a/b/c", "a/d", ".removed-1/x", ".removed-2"} {
			must(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
		}
		for _, folder := range []string{"a/b/c", "a/b", "a", ".removed-1", "."} {
			must(t, os.WriteFile(filepath.Join(dir, folder, "file"), nil, 0o400), os.Chmod(filepath.Join(dir, folder), 0o100))
		}
		unprivileged(t, func() {
			if err := remove(h, dir); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v", name, err)
		}
		must(t, h.Empty(t.Context()))
		if left := h.trash(); len(left) > 0 {
			t.Errorf("%s: left over: %v", name, left)
		}
	}
}

// during is a context that runs a function once, when it is asked.
type during struct {
	context.Context
	do func()
}

func (d *during) Err() error {
	d.do()
	d.do = func() {}
	return nil
}

func TestWhatComesToTheTrashMeanwhileIsRemoved(t *testing.T) {
	h := opening(t, t.TempDir())
	first, second := filepath.Join(h.trashDir(), strings.Repeat("b", 26)), filepath.Join(h.trashDir(), strings.Repeat("a", 26))
	must(t, os.MkdirAll(first, 0o755))
	must(t, h.Empty(&during{t.Context(), func() { must(t, os.Mkdir(second, 0o755)) }}))
	if left := h.trash(); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// What cannot be removed is no reason to leave what comes later.
func TestWhatComesAfterWhatStaysIsRemoved(t *testing.T) {
	h := opening(t, t.TempDir())
	busy, other := filepath.Join(h.trashDir(), "1"), filepath.Join(h.trashDir(), "2")
	must(t, os.MkdirAll(busy, 0o755))
	if err := unix.Mount("tmpfs", busy, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("this test makes a mount, which takes root: %v", err)
	}
	defer unix.Unmount(busy, unix.MNT_DETACH)
	if err := h.Empty(&during{t.Context(), func() { must(t, os.Mkdir(other, 0o755)) }}); !errors.Is(err, unix.EBUSY) {
		t.Errorf("got %v, want that the first is busy", err)
	}
	if left := h.trash(); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

func TestWhatCannotBeLookedAtIsNeitherSmallNorShort(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	if isSmall(none) {
		t.Error("what is not there is small")
	}
	if (Home{Dir: none}).short() {
		t.Error("a disk that is none is short of space")
	}
	if size := sizeOf(none); size != 0 {
		t.Errorf("what is not there takes %d bytes", size)
	}
}

// A file with several links counts in part for each; a folder has one.
func TestSizesAreThoseOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755), os.WriteFile(filepath.Join(dir, "a/one"), make([]byte, 100_000), 0o644),
		os.Link(filepath.Join(dir, "a/one"), filepath.Join(dir, "a/two")), os.WriteFile(filepath.Join(dir, "a/b/own"), make([]byte, 50_000), 0o644))
	var want int64
	for _, name := range []string{"", "a", "a/b", "a/one", "a/b/own"} {
		var stat unix.Stat_t
		must(t, unix.Lstat(filepath.Join(dir, name), &stat))
		want += stat.Blocks * 512
	}
	if got := sizeOf(dir); got != want || got < 150_000 {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}

// A later armature finds what this version writes.
func TestTheFolderOfABuildIsCalledAsEver(t *testing.T) {
	if got, want := (Home{Dir: "/home"}).BuildDir("app linux/arm64"), "/home/builds/"; !strings.HasPrefix(got, want) || len(got) != len(want)+24 {
		t.Errorf("got %s, want 24 digits below %s", got, want)
	}
}
