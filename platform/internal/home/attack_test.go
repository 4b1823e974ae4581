//go:build linux

package home_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// nest makes nested folders with a path longer than PATH_MAX, and makes some of
// them unreadable.
func nest(t *testing.T, dir string, depth int) {
	t.Helper()
	was, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(was)
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	for i := range depth {
		if err := os.Mkdir("folder", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("file", nil, 0o400); err != nil {
			t.Fatal(err)
		}
		if err := os.Chdir("folder"); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			if err := os.Chmod("..", 0o100); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// withFewFiles limits this process to n open files.
func withFewFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	few := limit
	few.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) })
}

func TestFoldersHoweverDeepAreRemoved(t *testing.T) {
	withFewFiles(t, 100)
	dir := filepath.Join(t.TempDir(), "deep")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	nest(t, dir, 300)
	if err := os.RemoveAll(dir); err == nil {
		t.Fatal("os.RemoveAll can do so itself: the test tries nothing")
	}
	if err := home.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// The leftovers of one build must not prevent others.
func TestWorkThatCannotBeRemovedStopsNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a mount takes root")
	}
	h := open(t, t.TempDir())
	busy := filepath.Join(h.Dir, "work/1/mounted")
	if err := os.MkdirAll(busy, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "work/1.lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", busy, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("this machine mounts nothing: %v", err)
	}
	open(t, h.Dir)
	if list, _ := os.ReadDir(filepath.Join(h.Dir, "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
	mounted, err := filepath.Glob(filepath.Join(h.Dir, "trash/*/mounted"))
	if err != nil || len(mounted) != 1 {
		t.Fatalf("got %q, %v, want what cannot be removed in the trash", mounted, err)
	}
	open(t, h.Dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.Empty(ctx); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("emptying the trash: got %v, want that it is busy", err)
	}
	if err := syscall.Unmount(mounted[0], 0); err != nil {
		t.Fatal(err)
	}
	empty(t, h)
}

func TestFilesOfUsersThatImagesNameAreClosedToThoseOfThisMachine(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/roots", 0o777); err != nil { // as an older armature made it
		t.Fatal(err)
	}
	h := open(t, dir)
	for _, name := range []string{"roots", "builds", "work"} {
		if info, err := os.Stat(filepath.Join(h.Dir, name)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: got %v, %v", name, info, err)
		}
	}
}

func TestAFolderOfSomebodyElsesIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files to another user takes root")
	}
	for name, prepare := range map[string]func(path string) error{
		"another user's": func(path string) error { return errors.Join(os.Mkdir(path, 0o755), os.Chown(path, 1001, 1001)) },
		"a link":         func(path string) error { return os.Symlink(t.TempDir(), path) },
	} {
		for _, folder := range []string{"builds", "trash"} {
			dir := t.TempDir()
			if err := prepare(filepath.Join(dir, folder)); err != nil {
				t.Fatal(err)
			}
			if _, err := home.Open(dir, os.Getenv); !errors.Is(err, &failure.Failure{ID: "cache-dir-unusable"}) {
				t.Errorf("%s is %s: got %v", folder, name, err)
			}
		}
	}
}

func TestACacheThatCannotBeCopiedIsLeftOut(t *testing.T) {
	h := open(t, t.TempDir())
	b, err := h.Build(t.Context(), "app", func() {})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(b.Dir, "cache"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(b.Dir, "cache/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if copied, err := h.CopyKept("app", "cache", filepath.Join(t.TempDir(), "copy"), func(_, from, to string) error { return os.CopyFS(to, os.DirFS(from)) }); copied || err != nil {
		t.Errorf("got %v, %v", copied, err)
	}
	if list, _ := os.ReadDir(filepath.Join(h.Dir, "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}
