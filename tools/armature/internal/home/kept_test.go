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
	"github.com/armature-cnb/armature/tools/armature/internal/home"
)

// isFree says whether nobody holds the lock of a file.
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
	b = mustBuild(t, h, "app linux/arm64") // and nobody has it any more
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

// A build counts as used when it begins.
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

// smallDisk is a disk with no room for a file, or empty.
func smallDisk(t *testing.T) string {
	dir := t.TempDir()
	if unix.Mount("tmpfs", dir, "tmpfs", 0, "nr_inodes=1") != nil {
		return ""
	}
	t.Cleanup(func() { unix.Unmount(dir, 0) })
	return dir
}

// Somebody may remove the whole folder while a call runs.
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

func TestWhatIsPrunedComesInTheOrderOfItsUse(t *testing.T) {
	h := keeping(t, 40*day, 60*day, 50*day)
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1, Dry: true})
	if err != nil || len(gone) != 9 {
		t.Fatalf("got %q, %v", names(gone), err)
	}
	if !slices.IsSortedFunc(gone, func(a, b home.Item) int { return a.Used.Compare(b.Used) }) {
		t.Errorf("got %v", gone)
	}
}

func TestTheFoldersOfAnImageGoWithTheLastOne(t *testing.T) {
	h := keeping(t, 40*day, day)
	images := filepath.Join(h.Dir, "images")
	for _, limits := range []home.Limits{{Age: 30 * day, Size: -1}, {Age: -1, Size: -1}} {
		if _, err := h.Prune(t.Context(), limits); err != nil {
			t.Fatal(err)
		}
		want := ""
		if limits.Age > 0 {
			want = "registry"
		}
		if got := list(t, images); got != want {
			t.Errorf("there is %q, want %q", got, want)
		}
	}
}

// Of a file with two names, in two roots, each has a half.
func TestAFileOfTwoRootsCountsOnce(t *testing.T) {
	h := open(t, t.TempDir())
	var first string
	for _, name := range []string{"one", "two"} {
		_, lock, err := h.Root(t.Context(), name, func(dir string) error {
			if first != "" {
				return os.Link(first, filepath.Join(dir, "file"))
			}
			first = filepath.Join(h.Dir, "roots", name, "file")
			return os.WriteFile(filepath.Join(dir, "file"), make([]byte, 1_000_000), 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
		lock.Close()
	}
	items, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1, Dry: true})
	if err != nil || len(items) != 2 {
		t.Fatalf("got %v, %v", items, err)
	}
	for _, item := range items {
		if item.Size < 490_000 || item.Size > 600_000 {
			t.Errorf("%s takes %d bytes, want about half a million", item.Name, item.Size)
		}
	}
}

// Where few files take no time, nothing waits for a process of its own.
func TestWhatIsSmallIsRemovedAtOnce(t *testing.T) {
	h := open(t, t.TempDir())
	needSpace(t, h.Dir)
	hold(t, filepath.Join(h.Dir, "trash.lock")) // nobody else removes
	for files, waits := range map[int]bool{63: false, 64: true} {
		work, err := h.NewWork()
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			if err := os.WriteFile(work.Path(strings.Repeat("x", i+1)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := work.Close(); err != nil {
			t.Fatal(err)
		}
		waiting, err := filepath.Glob(filepath.Join(h.Dir, "trash", "*"))
		if err != nil || (len(waiting) > 0) != waits {
			t.Errorf("a folder of %d files: %q waits, %v", files, waiting, err)
		}
		if _, err := os.Lstat(filepath.Join(h.Dir, "trash")); (err == nil) != waits {
			t.Errorf("the trash is there: %v, want %v", err == nil, waits)
		}
		if err := os.RemoveAll(filepath.Join(h.Dir, "trash")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCallsPruneOnceAnHour(t *testing.T) {
	h := keeping(t, 40*day, day)
	lock := filepath.Join(h.Dir, "trash.lock")
	lately := time.Now().Add(-50 * time.Minute)
	if err := os.Chtimes(lock, lately, lately); err != nil {
		t.Fatal(err)
	}
	open(t, h.Dir)
	if !isFree(t, lock) {
		t.Error("there is nothing to do, and the trash is locked")
	}
	if got := kept(t, h); len(got) != 6 {
		t.Errorf("there is %q: it was pruned within the hour", got)
	}
	ago := time.Now().Add(-70 * time.Minute)
	if err := os.Chtimes(lock, ago, ago); err != nil {
		t.Fatal(err)
	}
	open(t, h.Dir)
	if err := h.Empty(t.Context()); err != nil { // when that call is done
		t.Fatal(err)
	}
	if got := kept(t, h); len(got) != 3 {
		t.Errorf("there is %q, want what was used a day ago", got)
	}
	if info, err := os.Stat(lock); err != nil || time.Since(info.ModTime()) > time.Minute {
		t.Errorf("it is not noted when it was pruned: %v, %v", info.ModTime(), err)
	}
}

// A process of an older armature may be about to lock what it has made.
func TestYoungWorkWithoutALockStays(t *testing.T) {
	h := open(t, t.TempDir())
	work := filepath.Join(h.Dir, "work")
	for name, age := range map[string]time.Duration{"1": 0, "2": 50 * time.Second, "3": 70 * time.Second} {
		made := time.Now().Add(-age)
		if err := errors.Join(os.Mkdir(filepath.Join(work, name), 0o700), os.Chtimes(filepath.Join(work, name), made, made)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, h.Dir)
	if got := list(t, work); got != "1 2" {
		t.Errorf("there is %q, want those of less than a minute", got)
	}
}

func TestAFolderOfWorkHasTheModeItIsAskedFor(t *testing.T) {
	work, err := open(t, t.TempDir()).NewWork()
	if err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	path, err := work.Folder("a/b", 0o777)
	if err != nil || path != work.Path("a/b") {
		t.Fatalf("got %s, %v", path, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(work.Path("file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := work.Folder("file", 0o755); err == nil {
		t.Error("in place of a file: got no error")
	}
}

func TestWhatCallsKeepOfTheirOwnAccord(t *testing.T) {
	for text, size := range map[string]int64{"": 20e9, "none": -1, "1GB": 1e9} {
		got, err := home.Automatic(func(string) string { return text })
		if want := (home.Limits{Age: 30 * day, Size: size, Spare: time.Hour}); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}
