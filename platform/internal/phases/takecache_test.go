//go:build linux

package phases

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Projects of one folder share what they download: the next one begins with the
// cache of the one before, and with the note of what its scripts may have written.
func TestAProjectBeginsWithTheCacheOfTheOneBefore(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(b *Build)
		taken  bool
	}{
		{"a first build", func(*Build) {}, true},
		{"a build with a cache of its own", func(b *Build) { write(t, filepath.Join(b.cacheFolder(), "own"), "own") }, false},
		{"a build with a cache image", func(b *Build) { b.CacheImage = "registry/cache" }, false},
	} {
		h := openHome(t)
		before := ofApp(t, h, appOf(t, scripted), "app:1", targets.LinuxAMD64).opened(t)
		before.leaves(t, ours)
		b := ofApp(t, h, appOf(t, plainPackage), "other:1", targets.LinuxAMD64).opened(t)
		tc.change(b)
		if err := b.TakeCacheOf(before); err != nil {
			t.Fatal(err)
		}
		layers, err := filepath.Glob(filepath.Join(b.cacheFolder(), "committed/*.tar"))
		if err != nil || (len(layers) > 0) != tc.taken {
			t.Errorf("%s: the cache has %q, %v", tc.name, layers, err)
		}
		if _, err := os.Lstat(filepath.Join(b.cacheFolder(), "own")); (err == nil) != (tc.name == "a build with a cache of its own") {
			t.Errorf("%s: its own cache: %v", tc.name, err)
		}
		if got := readLeft(b.kept.Dir); got != (left{Name: "other:1", Scripts: tc.taken}) {
			t.Errorf("%s: noted %+v", tc.name, got)
		}
	}
}

func TestACacheThatCannotBeTakenIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(b *Build) error{
		"no cache folder": func(b *Build) error { return os.Remove(b.cacheFolder()) },
		"no place to note it": func(b *Build) error {
			note := filepath.Join(b.kept.Dir, leftFile)
			if err := os.Remove(note); err != nil {
				return err
			}
			return os.Mkdir(note, 0o755)
		},
	} {
		h := openHome(t)
		before := ofApp(t, h, appOf(t, scripted), "app:1", targets.LinuxAMD64).opened(t)
		before.leaves(t, ours)
		b := ofApp(t, h, appOf(t, plainPackage), "other:1", targets.LinuxAMD64).opened(t)
		if err := spoil(b); err != nil {
			t.Fatal(err)
		}
		if err := b.TakeCacheOf(before); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
