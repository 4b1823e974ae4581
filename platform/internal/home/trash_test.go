//go:build linux

package home_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// empty empties a home's trash, and returns an error if something stays.
func empty(t *testing.T, h home.Home) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.Empty(ctx); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"work", "trash"} {
		if list, _ := filepath.Glob(filepath.Join(h.Dir, folder, "*")); len(list) != 0 {
			t.Errorf("left over: %q", list)
		}
	}
}

// fill makes many files.
func fill(t *testing.T, dir string, files int) {
	t.Helper()
	for i := range files {
		path := filepath.Join(dir, fmt.Sprint(i%10), fmt.Sprint(i))
		if i < 10 {
			if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func needSpace(t *testing.T, dir string) {
	t.Helper()
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil || disk.Bavail*uint64(disk.Bsize) < 3<<30 {
		t.Skipf("the disk is short of space, where nothing waits in the trash (%v)", err)
	}
}

// Callers do not wait for the removal: files are moved at once, and removed soon
// after the next call begins.
func TestWhatIsRemovedIsMovedAwayAtOnceAndRemovedLater(t *testing.T) {
	h := open(t, t.TempDir())
	needSpace(t, h.Dir)
	work, err := h.NewWork()
	if err != nil {
		t.Fatal(err)
	}
	const files = 500
	fill(t, work.Dir, files)
	if err := os.Chmod(work.Dir, 0o500); err != nil { // as an unreadable folder of an image
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(h.Dir, "trash.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { // as a process that is about to remove it
		t.Fatal(err)
	}
	if err := work.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(work.Dir); err == nil {
		t.Error("it is still at its place")
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "trash/*/*/*")); len(left) != files {
		t.Errorf("%d of %d files wait for their removal: the others took their time", len(left), files)
	}
	lock.Close()
	empty(t, open(t, h.Dir))
}

func TestTheTrashOfAKilledRemovalIsRemoved(t *testing.T) {
	h := open(t, t.TempDir())
	dir := filepath.Join(h.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(filepath.Join(dir, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "a"), 0o500); err != nil {
		t.Fatal(err)
	}
	empty(t, open(t, h.Dir))
}

// If calls leave more than they remove, one of them waits.
func TestTrashDoesNotGrow(t *testing.T) {
	h := open(t, t.TempDir())
	needSpace(t, h.Dir)
	for i := range 6 {
		dir := filepath.Join(h.Dir, "trash", fmt.Sprint(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		fill(t, dir, 200)
	}
	open(t, h.Dir)
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "trash/*")); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

// If the disk is short of space, everything removable is removed at once.
func TestNothingWaitsInTheTrashOfASmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	defer unix.Unmount(dir, 0)
	h := open(t, dir)
	work, err := h.NewWork()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, work.Dir, 300)
	if err := work.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "trash/*")); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	late := filepath.Join(h.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(late, 0o755); err != nil {
		t.Fatal(err)
	}
	fill(t, late, 300)
	open(t, dir)
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "trash/*")); len(left) != 0 {
		t.Errorf("left over when the next call began: %q", left)
	}
}
