//go:build linux

package home_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
)

const day = 24 * time.Hour

// keeping is a home with an unused root, build and image of each age, a megabyte
// each.
func keeping(t *testing.T, ages ...time.Duration) home.Home {
	t.Helper()
	h := open(t, t.TempDir())
	megabyte := func(dir string) error {
		return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "file"), make([]byte, 1_000_000), 0o644))
	}
	var failed []error
	for _, age := range ages {
		used := time.Now().Add(-age)
		name := fmt.Sprint(age)
		root, lock, err := h.Root(t.Context(), name, megabyte)
		failed = append(failed, err, lock.Close(), os.Chtimes(root+".lock", used, used))
		b, err := h.Build(t.Context(), name, func() {})
		failed = append(failed, err, megabyte(b.Dir), b.Close(), os.Chtimes(b.Dir+".lock", used, used))
		image := filepath.Join(h.Dir, "images/registry/team", name+":latest")
		failed = append(failed, megabyte(image), os.WriteFile(image+"/index.json", nil, 0o644), os.Chtimes(image+"/index.json", used, used))
	}
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	return h
}

// kept lists the items.
func kept(t *testing.T, h home.Home) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"roots/*[^k]", "builds/*[^k]", "images/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(h.Dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

func names(items []home.Item) []string {
	var all []string
	for _, item := range items {
		all = append(all, string(item.Kind)+" "+item.Name)
	}
	slices.Sort(all)
	return all
}

func TestWhatWasNotUsedForLongIsPrunedOfEveryKind(t *testing.T) {
	h := keeping(t, 40*day, day)
	limits := home.Limits{Age: 30 * day, Size: -1, Dry: true}
	want := []string{"build 960h0m0s", "image registry/team/960h0m0s:latest", "root 960h0m0s"}
	for _, dry := range []bool{true, false} {
		limits.Dry = dry
		gone, err := h.Prune(t.Context(), limits)
		if got := names(gone); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		if dry {
			if got := kept(t, h); len(got) != 6 {
				t.Errorf("only asked, there is %q", got)
			}
			for _, item := range gone {
				if item.Size < 900_000 || item.Size > 1_200_000 {
					t.Errorf("%s takes %d bytes, want about a million", item.Name, item.Size)
				}
			}
		}
	}
	if got := kept(t, h); len(got) != 3 {
		t.Errorf("there is %q, want one of each kind", got)
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "*/*960h*")); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	empty(t, h)
}

func TestOfTooMuchWhatWasUsedLongestAgoGoesFirst(t *testing.T) {
	h := keeping(t, 3*day, 2*day, time.Minute)
	all, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1, Dry: true})
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, item := range all {
		size += item.Size
	}
	for spare, want := range map[int64]int{0: 0, 1: 1} {
		if gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: size - spare, Dry: true}); err != nil || len(gone) != want {
			t.Errorf("of %d bytes, %d too many: got %q, %v", size, spare, names(gone), err)
		}
	}
	if _, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: 6_500_000}); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "roots/72h0m0s")); len(left) != 0 || len(kept(t, h)) != 6 {
		t.Errorf("there is %q, want nothing of three days ago", kept(t, h))
	}
	if _, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: 0, Spare: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, h); len(got) != 3 {
		t.Errorf("there is %q, want what was used just now", got)
	}
}

func TestWhatIsUsedIsNotPruned(t *testing.T) {
	h := keeping(t, 40*day)
	b, err := h.Build(t.Context(), fmt.Sprint(40*day), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	_, lock, err := h.Root(t.Context(), fmt.Sprint(40*day), func(string) error { return errors.New("it is there") })
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	gone, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1})
	if err != nil || len(gone) != 1 || gone[0].Kind != home.ImageKind {
		t.Errorf("got %q, %v, want the image alone", names(gone), err)
	}
}

func TestUsingAnImageKeepsIt(t *testing.T) {
	h := keeping(t, 40*day)
	images, _ := filepath.Glob(filepath.Join(h.Dir, "images/*/*/*"))
	h.UseImage(images[0])
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1})
	if err != nil || len(gone) != 2 {
		t.Errorf("got %q, %v, want root and build", names(gone), err)
	}
}

// An older armature recorded neither a build folder's key nor its time of use,
// and left a copy for every tag.
func TestWhatAnOlderArmatureLeftIsPrunedToo(t *testing.T) {
	h := open(t, t.TempDir())
	long, lately := time.Now().Add(-60*day), time.Now().Add(-day)
	for name, times := range map[string]struct{ made, used time.Time }{"0123": {long, long}, "4567": {lately, long}, "89ab": {long, lately}} {
		dir := filepath.Join(h.Dir, "builds", name)
		if err := os.MkdirAll(dir+"/blobs", 0o755); err != nil {
			t.Fatal(err)
		}
		for path, at := range map[string]time.Time{dir + "/manifest.json": times.made, dir + ".lock": times.used} {
			if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := filepath.Join(h.Dir, "work/123456789")
	if err := errors.Join(os.MkdirAll(left, 0o700), os.Chtimes(left, long, long)); err != nil {
		t.Fatal(err)
	}
	stage := filepath.Join(h.Dir, "images/registry/.app:1.armature-77/new")
	image := filepath.Join(h.Dir, "images/registry/my.armature-app:1/index.json") // no stage
	if err := errors.Join(os.MkdirAll(stage, 0o755), os.MkdirAll(filepath.Dir(image), 0o755), os.WriteFile(image, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	h = open(t, h.Dir)
	if list, _ := os.ReadDir(filepath.Join(h.Dir, "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
	gone, err := h.Prune(t.Context(), home.Limits{Age: 30 * day, Size: -1})
	if want := []string{"build 0123, of an older version of armature"}; err != nil || !slices.Equal(names(gone), want) {
		t.Errorf("got %q, %v, want %q", names(gone), err, want)
	}
	if _, err := os.Lstat(stage); err == nil {
		t.Error("what a killed process began to write is still there")
	}
	if _, err := os.Lstat(image); err != nil {
		t.Errorf("an image that was made lately: %v", err)
	}
}

// A user's folder may contain other files in folders of the same names.
func TestWhatIsNotArmaturesIsNeverRemoved(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-60 * day)
	files := []string{
		"work/thesis/text", "work/notes.lock", "trash/holiday/picture", "images/site/index.json", "images/index.json",
		"builds/Cargo.lock", "builds/yarn/file", "builds/yarn.lock", "roots/x/file", "roots/x.lock",
	}
	for _, name := range files {
		path := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("x"), 0o644), os.Chtimes(path, long, long), os.Chtimes(filepath.Dir(path), long, long))
		if err != nil {
			t.Fatal(err)
		}
	}
	files = append(files, "builds/pipe.lock") // as empty as armature's own
	pipe := filepath.Join(dir, "builds/pipe.lock")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o644), os.Chtimes(pipe, long, long)); err != nil {
		t.Fatal(err)
	}
	h := open(t, dir)
	open(t, dir)
	if gone, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1}); err != nil || len(gone) != 0 {
		t.Errorf("got %q, %v, want nothing", names(gone), err)
	}
	if err := h.Empty(t.Context()); err != nil {
		t.Error(err)
	}
	for _, name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestCallsPruneOfTheirOwnAccord(t *testing.T) {
	h := keeping(t, 40*day, day)
	fill(t, filepath.Join(h.Dir, "roots/960h0m0s"), 100) // which takes time
	lock := filepath.Join(h.Dir, "trash.lock")
	ago := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(lock, ago, ago); err != nil {
		t.Fatal(err)
	}
	open(t, h.Dir)
	pruned := func() bool {
		_, err := os.Lstat(filepath.Join(h.Dir, "trash"))
		return len(kept(t, h)) == 3 && err != nil
	}
	for until := time.Now().Add(10 * time.Second); !pruned() && time.Now().Before(until); {
		time.Sleep(5 * time.Millisecond)
	}
	if !pruned() {
		t.Errorf("there is %q and the trash, want what was used a day ago", kept(t, h))
	}
}

func TestSizesAndTimes(t *testing.T) {
	for _, tc := range []struct {
		text string
		want int64 // negative for an error
	}{
		{"7b", 7}, {"7kb", 7e3}, {"7k", 7e3}, {"7m", 7e6}, {"7g", 7e9}, {"7TB", 7e12}, {"7t", 7e12}, {"7KiB", 7 << 10}, {"7MiB", 7 << 20}, {"7TiB", 7 << 40}, {"0.5kB", 500},
		{"4EB", -1}, {"4e6TB", 4e18}, {"5e6TB", -1},
		{"20GB", 20e9}, {"1.5 gb", 1.5e9}, {"500MB", 5e8}, {"2GiB", 2 << 30}, {"1000", 1000}, {"0", 0},
		{" 20 GB ", 20e9}, {"", -1}, {"GB", -1}, {"-1GB", -1}, {"1XB", -1}, {"1e30GB", -1}, {"NaN", -1}, {"1 2", -1},
	} {
		if got, err := home.ParseSize(tc.text); (err != nil) != (tc.want < 0) || err == nil && got != tc.want {
			t.Errorf("%q: got %d, %v, want %d", tc.text, got, err, tc.want)
		}
	}
	for _, tc := range []struct {
		text string
		want time.Duration // negative for an error
	}{{"0d", 0}, {" 3 d ", 3 * day}, {"0.5d", day / 2}, {"36499d", 36499 * day}, {"36500d", -1}, {"30d", 30 * day}, {"2w", 14 * day}, {"12h", 12 * time.Hour}, {"1.5d", 36 * time.Hour}, {"0s", 0}, {"", -1}, {"d", -1}, {"-3d", -1}, {"-3h", -1}, {"30", -1}, {"1y", -1}} {
		if got, err := home.ParseAge(tc.text); (err != nil) != (tc.want < 0) || err == nil && got != tc.want {
			t.Errorf("%q: got %s, %v, want %s", tc.text, got, err, tc.want)
		}
	}
	for text, good := range map[string]bool{"": true, "none": true, "1GB": true, "much": false} {
		_, err := home.Automatic(func(string) string { return text })
		if good != (err == nil) || !good && !errors.Is(err, &failure.Failure{ID: "cache-limit-invalid"}) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
