package builds_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/builds"
)

// put writes an empty file below a home.
func put(t *testing.T, home builds.Home, path string) {
	t.Helper()
	path = filepath.Join(home.Dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func newHome(t *testing.T, a builds.Armature, name string) builds.Home {
	t.Helper()
	home, err := a.Home(name)
	if err != nil {
		t.Fatal(err)
	}
	return home
}

func TestForgettingLeavesTheUnpackedBuilders(t *testing.T) {
	home := newHome(t, builds.Armature{Homes: t.TempDir()}, "cold")
	for _, path := range []string{"roots/abc/bin/sh", "builds/1/cache/file", "layers/node"} {
		put(t, home, path)
	}
	if err := home.Forget(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(home.Dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "roots" {
		t.Errorf("got %v, %v, want roots alone", entries, err)
	}
}

func TestTheUnpackedBuildersGoFromHomeToHome(t *testing.T) {
	a := builds.Armature{Homes: t.TempDir()}
	first, second := newHome(t, a, "first"), newHome(t, a, "second")
	put(t, first, "roots/abc/bin/sh")
	if err := os.Mkdir(filepath.Join(second.Dir, "roots"), 0o700); err != nil { // as armature makes it
		t.Fatal(err)
	}
	for _, home := range []builds.Home{first, second, second, first} {
		if err := a.Lend(home); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(filepath.Join(home.Dir, "roots/abc/bin/sh")); err != nil {
			t.Errorf("%s: %v", home.Dir, err)
		}
	}
	put(t, second, "roots/def/bin/sh")
	if err := a.Lend(second); err == nil {
		t.Error("two homes have builders: got no error")
	}
}
