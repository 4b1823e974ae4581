//go:build linux

package home_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// isFree reports whether a file's lock is free.
func isFree(t *testing.T, path string) bool {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

// hold locks a file until it is closed.
func hold(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err == nil {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func mustBuild(t *testing.T, h home.Home, key string) *home.Build {
	t.Helper()
	b, err := h.Build(t.Context(), key, func() { t.Error("it waited") })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABuildThatCannotBeginIsNobodys(t *testing.T) {
	h := open(t, t.TempDir())
	dir := h.BuildDir("app")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := h.TryBuild("app"); err == nil || errors.Is(err, home.ErrBusy) {
		t.Errorf("got %v", err)
	}
	if !isFree(t, dir+".lock") {
		t.Error("it is locked still")
	}
}

// As left by a process that was killed while removing one.
func TestALockWithoutARootGoesAndIsNoRoot(t *testing.T) {
	h := keeping(t, 40*day)
	roots := filepath.Join(h.Dir, "roots")
	if err := os.RemoveAll(filepath.Join(roots, "960h0m0s")); err != nil {
		t.Fatal(err)
	}
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1})
	if want := []string{"build 960h0m0s", "image registry/team/960h0m0s:latest"}; err != nil || !slices.Equal(names(gone), want) {
		t.Errorf("got %q, %v, want %q", names(gone), err, want)
	}
	if got := list(t, roots); got != "" {
		t.Errorf("there is %q", got)
	}
}

func TestABuildThatIsRemovedLeavesNothing(t *testing.T) {
	h := open(t, t.TempDir())
	b := mustBuild(t, h, "app linux/arm64")
	if key, err := os.ReadFile(filepath.Join(b.Dir, "key")); err != nil || string(key) != "app linux/arm64" {
		t.Errorf("it is that of %q, %v", key, err)
	}
	if err := b.Remove(); err != nil {
		t.Error(err)
	}
	if got := list(t, filepath.Join(h.Dir, "builds")); got != "" {
		t.Errorf("left over: %s", got)
	}
	b = mustBuild(t, h, "app linux/arm64") // and it is free again
	if _, err := h.TryBuild("app linux/arm64"); !errors.Is(err, home.ErrBusy) {
		t.Errorf("a second one meanwhile: got %v, want ErrBusy", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	again, err := h.TryBuild("app linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// The use of a build starts with its beginning.
func TestABuildThatBeginsIsUsed(t *testing.T) {
	h := keeping(t, 40*day)
	mustBuild(t, h, "960h0m0s").Close()
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1})
	if want := []string{"image registry/team/960h0m0s:latest", "root 960h0m0s"}; err != nil || !slices.Equal(names(gone), want) {
		t.Errorf("got %q, %v, want %q", names(gone), err, want)
	}
}

func TestARootThatIsUsedCountsAsUsed(t *testing.T) {
	h := keeping(t, 40*day)
	_, lock, err := h.Root(t.Context(), "960h0m0s", func(string) error { return errors.New("it is there") })
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1})
	if want := []string{"build 960h0m0s", "image registry/team/960h0m0s:latest"}; err != nil || !slices.Equal(names(gone), want) {
		t.Errorf("got %q, %v, want %q", names(gone), err, want)
	}
}

func TestWhatABuildKeepsIsCopiedUnlessItRuns(t *testing.T) {
	h := open(t, t.TempDir())
	b := mustBuild(t, h, "app")
	if err := os.Mkdir(filepath.Join(b.Dir, "cache"), 0o755); err != nil {
		t.Fatal(err)
	}
	copied := func(key, name string) bool {
		t.Helper()
		to := filepath.Join(t.TempDir(), "to")
		done, err := h.CopyKept(key, name, to, func(kept, from, to string) error {
			if kept != b.Dir || from != filepath.Join(b.Dir, name) {
				t.Errorf("it is copied from %s and %s", kept, from)
			}
			return os.WriteFile(filepath.Join(to, "file"), nil, 0o644)
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(filepath.Join(to, "file")); (err == nil) != done {
			t.Errorf("it is said to be done: %v, but %v", done, err)
		}
		return done
	}
	if copied("app", "cache") {
		t.Error("the build runs: its cache changes")
	}
	b.Close()
	if !copied("app", "cache") {
		t.Error("nobody has it, and it was not copied")
	}
	if copied("app", "other") || copied("none", "cache") {
		t.Error("there is nothing to copy")
	}
	if !isFree(t, b.Dir+".lock") {
		t.Error("the build is locked still")
	}
	if got := list(t, filepath.Join(h.Dir, "work")); got != "" {
		t.Errorf("left over: %s", got)
	}
}

func TestAHomeThatCannotBeMadeSaysWhatWouldWork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	for _, tc := range []struct {
		name, dir, id string
		getenv        func(string) string
	}{
		{"below a file", filepath.Join(file, "below"), "cache-dir-unusable", none},
		{"a limit that is none", t.TempDir(), "cache-limit-invalid", func(name string) string { return map[string]string{home.LimitVariable: "much"}[name] }},
		{"a full disk", smallDisk(t), "disk-full", none},
	} {
		if tc.dir == "" {
			continue // only root can mount one
		}
		if _, err := home.Open(tc.dir, tc.getenv); !errors.Is(err, &failure.Failure{ID: tc.id}) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.id)
		}
	}
}

// smallDisk returns a full disk's folder, or "".
func smallDisk(t *testing.T) string {
	dir := t.TempDir()
	if unix.Mount("tmpfs", dir, "tmpfs", 0, "nr_inodes=1") != nil {
		return ""
	}
	t.Cleanup(func() { unix.Unmount(dir, 0) })
	return dir
}

// The whole folder may be removed while a call runs.
func TestAFolderThatIsGoneIsAnErrorAndNotAWait(t *testing.T) {
	h := open(t, t.TempDir())
	work, err := h.NewWork()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(h.Dir); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"root":  func() error { _, _, err := h.Root(t.Context(), "x", func(string) error { return nil }); return err },
		"build": func() error { _, err := h.Build(t.Context(), "x", func() {}); return err },
		"work":  func() error { _, err := h.NewWork(); return err },
		"empty": func() error { return h.Empty(t.Context()) },
		"close": work.Close,
	} {
		done := make(chan error, 1)
		go func() { done <- do() }()
		select {
		case err := <-done:
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: it waits", name)
		}
	}
	if err := (home.Lock{}).Close(); err != nil {
		t.Errorf("no lock: got %v", err)
	}
}

func TestWhoWaitsCanBeInterrupted(t *testing.T) {
	h := open(t, t.TempDir())
	hold(t, filepath.Join(h.Dir, "roots/x.lock"))
	hold(t, filepath.Join(h.Dir, "trash.lock"))
	for name, do := range map[string]func(context.Context) error{
		"root": func(ctx context.Context) error {
			_, _, err := h.Root(ctx, "x", func(string) error { return nil })
			return err
		},
		"empty": h.Empty,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
	}
}

func TestAnEndedContextStopsRemoving(t *testing.T) {
	h := keeping(t, 40*day)
	left := filepath.Join(h.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if gone, err := h.Prune(ctx, home.Limits{Age: -1, Size: -1}); !errors.Is(err, context.Canceled) || len(gone) != 0 || len(kept(t, h)) != 3 {
		t.Errorf("pruning: got %q, %v", names(gone), err)
	}
	if err := h.Empty(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("emptying: got %v", err)
	}
	if _, err := os.Lstat(left); err != nil {
		t.Error(err)
	}
	if !isFree(t, filepath.Join(h.Dir, "trash.lock")) {
		t.Error("the trash is locked still")
	}
}
