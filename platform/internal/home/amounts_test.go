//go:build linux

package home_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/home"
)

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

// A file with links in two roots counts half for each.
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

// A few files are removed at once, without a separate process.
func TestWhatIsSmallIsRemovedAtOnce(t *testing.T) {
	h := open(t, t.TempDir())
	needSpace(t, h.Dir)
	hold(t, filepath.Join(h.Dir, "trash.lock")) // no other process removes them
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

// A process of an older armature may be about to lock its folder.
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
