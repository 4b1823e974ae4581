//go:build linux

package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func opening(t *testing.T, dir string) Home {
	t.Helper()
	h, err := Open(dir, os.Getenv)
	must(t, err)
	return h
}

// instead replaces a folder with an empty file.
func instead(t *testing.T, path string) {
	t.Helper()
	must(t, os.RemoveAll(path), os.WriteFile(path, nil, 0o644))
}

// nothingOpen fails if this process has a file open below a folder.
func nothingOpen(t *testing.T, dir string) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, dir+"/") {
			t.Errorf("%s is open", to)
		}
	}
}

func root(t *testing.T, h Home, name string, used time.Time) string {
	t.Helper()
	dir, lock, err := h.Root(t.Context(), name, func(string) error { return nil })
	must(t, err, lock.Close(), os.Chtimes(dir+".lock", used, used))
	return dir
}

// Each step's error is returned, and no lock remains.
func TestAStepThatFailsIsToldAndLetsGo(t *testing.T) {
	fill := func(string) error { return nil }
	for _, tc := range []struct {
		name string
		do   func(h Home) error
		want error
	}{
		{"a root whose lock is a folder", func(h Home) error {
			must(t, os.Mkdir(filepath.Join(h.Dir, "roots/x.lock"), 0o755))
			_, _, err := h.Root(t.Context(), "x", fill)
			return err
		}, unix.EISDIR},
		{"a root without a place to make it", func(h Home) error {
			instead(t, filepath.Join(h.Dir, "work"))
			_, _, err := h.Root(t.Context(), "x", fill)
			return err
		}, unix.ENOTDIR},
		{"a build whose lock is a folder", func(h Home) error {
			must(t, os.Mkdir(h.BuildDir("x")+".lock", 0o755))
			_, err := h.Build(t.Context(), "x", func() { t.Error("it waited") })
			return err
		}, unix.EISDIR},
		{"a copy without a place to make it", func(h Home) error {
			must(t, os.MkdirAll(filepath.Join(h.BuildDir("x"), "cache"), 0o755))
			instead(t, filepath.Join(h.Dir, "work"))
			copied, err := h.CopyKept("x", "cache", filepath.Join(h.Dir, "to"), func(_, _, _ string) error { return nil })
			if copied {
				t.Error("it is said to be copied")
			}
			return err
		}, unix.ENOTDIR},
		{"a build whose folder cannot go", func(h Home) error {
			b, err := h.TryBuild("x")
			must(t, err)
			defer b.Close()
			instead(t, filepath.Join(h.Dir, "builds"))
			return b.Clear()
		}, unix.ENOTDIR},
		{"work that cannot go", func(h Home) error {
			w, err := h.NewWork()
			must(t, err)
			instead(t, filepath.Join(h.Dir, "work"))
			return w.Close()
		}, unix.ENOTDIR},
		{"work without its lock", func(h Home) error {
			w, err := h.NewWork()
			must(t, err, os.Remove(w.Dir+".lock"))
			return w.Close()
		}, fs.ErrNotExist},
		{"a trash whose lock is a folder", func(h Home) error {
			must(t, os.Remove(h.trashLock()), os.Mkdir(h.trashLock(), 0o755))
			return h.Empty(t.Context())
		}, unix.EISDIR},
		{"roots that are none", func(h Home) error {
			instead(t, filepath.Join(h.Dir, "roots"))
			return h.KeepRoots("", 0)
		}, unix.ENOTDIR},
		{"pruning builds that are none", func(h Home) error {
			instead(t, filepath.Join(h.Dir, "builds"))
			_, err := h.Prune(t.Context(), Limits{Age: -1, Size: -1})
			return err
		}, unix.ENOTDIR},
		{"a root that cannot be moved", func(h Home) error {
			root(t, h, "x", time.Now())
			instead(t, h.trashDir())
			return h.KeepRoots("", 0)
		}, unix.ENOTDIR},
		{"a folder to close", func(h Home) error { return closed(filepath.Join(h.Dir, "none"), 0o700) }, fs.ErrNotExist},
		{"a folder to remove", func(h Home) error { return removeFlat(filepath.Join(h.Dir, "none")) }, fs.ErrNotExist},
		{"what is below a file", func(h Home) error {
			must(t, os.WriteFile(filepath.Join(h.Dir, "file"), nil, 0o644))
			return RemoveAll(filepath.Join(h.Dir, "file/below"))
		}, unix.ENOTDIR},
		{"a folder to lift", func(h Home) error { return lift(filepath.Join(h.Dir, "none"), h.Dir, new(int)) }, fs.ErrNotExist},
	} {
		h := opening(t, t.TempDir())
		if err := tc.do(h); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
		nothingOpen(t, h.Dir)
	}
}

// Files of every kind that cannot be moved to the trash stay, and each is an
// error.
func TestWhatCannotBePrunedStaysAndIsTold(t *testing.T) {
	h := opening(t, t.TempDir())
	long := time.Now().Add(-60 * 24 * time.Hour)
	dir := root(t, h, "x", long)
	b, err := h.TryBuild("y")
	must(t, err, b.Close(), os.Chtimes(b.Dir+".lock", long, long))
	image := filepath.Join(h.Dir, "images/app:latest")
	must(t, os.Mkdir(image, 0o755), os.WriteFile(filepath.Join(image, layoutIndex), nil, 0o644))
	instead(t, h.trashDir())
	gone, err := h.Prune(t.Context(), Limits{Age: -1, Size: -1})
	if !errors.Is(err, unix.ENOTDIR) || strings.Count(fmt.Sprint(err), "\n") != 2 || len(gone) != 0 {
		t.Errorf("got %v, %v, want three errors", gone, err)
	}
	for _, path := range []string{dir, dir + ".lock", b.Dir, b.Dir + ".lock", image} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	nothingOpen(t, h.Dir)
	must(t, os.Remove(h.trashDir()))
	for _, want := range []bool{false, true} { // it was used meanwhile, or not
		info, err := os.Lstat(filepath.Join(image, layoutIndex))
		must(t, err)
		item := Item{Kind: ImageKind, path: image, Used: long}
		if want {
			item.Used = info.ModTime()
		}
		if removed, err := h.pruneImage(item); removed != want || err != nil {
			t.Errorf("an image that was used meanwhile: removed %v, %v", removed, err)
		}
	}
}

// A folder's name may contain glob characters.
func TestPruningTakesNamesAsTheyAre(t *testing.T) {
	h := opening(t, filepath.Join(t.TempDir(), "[home]*"))
	long := time.Now().Add(-time.Hour)
	oldest, older, newest := root(t, h, "run-[1]", long), root(t, h, "run-2", long.Add(time.Minute)), root(t, h, "other", long)
	must(t, os.WriteFile(filepath.Join(h.Dir, "roots/run-3.lock"), nil, 0o644)) // of a root that is gone
	must(t, os.WriteFile(filepath.Join(h.Dir, "roots/a.lock"), []byte("another's"), 0o644))
	must(t, h.KeepRoots("run-", 1))
	for path, want := range map[string]bool{oldest: false, older: true, newest: true} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	must(t, os.RemoveAll(filepath.Join(h.Dir, "images"))) // which nobody needs
	if gone, err := h.Prune(t.Context(), Limits{Age: -1, Size: 0}); err != nil || len(gone) != 2 {
		t.Errorf("got %v, %v, want two roots", gone, err)
	}
	nothingOpen(t, h.Dir)
}

func TestOpeningWhatIsThereMakesNothing(t *testing.T) {
	base := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_CACHE_HOME": base}[name] }
	if h, found, err := OpenExisting("", getenv); err != nil || found {
		t.Errorf("before: got %v, %v, %v", h, found, err)
	}
	if entries, err := os.ReadDir(base); err != nil || len(entries) > 0 {
		t.Errorf("it made %v, %v", entries, err)
	}
	must(t, os.MkdirAll(filepath.Join(base, "armature/builds"), 0o700))
	if h, found, err := OpenExisting("", getenv); err != nil || !found || h.Dir != filepath.Join(base, "armature") {
		t.Errorf("after: got %v, %v, %v", h, found, err)
	}
	if _, found, err := OpenExisting("", func(string) string { return "" }); found || !errors.Is(err, &failure.Failure{ID: "no-cache-dir"}) {
		t.Errorf("nowhere: got %v, %v", found, err)
	}
	much := func(name string) string { return map[string]string{LimitVariable: "much"}[name] }
	if _, _, err := OpenExisting(filepath.Join(base, "armature"), much); !errors.Is(err, &failure.Failure{ID: "cache-limit-invalid"}) {
		t.Errorf("a limit that is none: got %v", err)
	}
}

// A lock belongs to the file that has the name.
func TestALockIsThatOfItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	file, err := os.Create(path)
	must(t, err, isStill(file, path), os.WriteFile(path+"2", nil, 0o644), os.Rename(path+"2", path))
	if err := isStill(file, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another has the name: got %v", err)
	}
	must(t, os.Remove(path))
	if err := isStill(file, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none has the name: got %v", err)
	}
	must(t, file.Close())
	if err := isStill(file, path); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it is closed: got %v", err)
	}
}

// In the order of their names, entries to keep come before those to sweep.
func TestASweepGoesOnAfterWhatStays(t *testing.T) {
	h := opening(t, t.TempDir())
	work := filepath.Join(h.Dir, "work")
	for _, name := range []string{"-other", "1", "2", "9"} { // not armature's, young, held, left
		must(t, os.Mkdir(filepath.Join(work, name), 0o755))
	}
	held, err := tryLock(filepath.Join(work, "2.lock"), unix.LOCK_EX)
	must(t, err, os.WriteFile(filepath.Join(work, "9.lock"), nil, 0o644))
	defer held.Close()
	h.sweep()
	var got []string
	entries, err := os.ReadDir(work)
	must(t, err)
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if want := "-other 1 2 2.lock"; strings.Join(got, " ") != want {
		t.Errorf("there is %q, want %s", got, want)
	}
	held.Close()
	nothingOpen(t, h.Dir)
}
