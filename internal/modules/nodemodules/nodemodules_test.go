package nodemodules_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func makeDirs(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func wantLink(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.Readlink(path); err != nil || got != want {
		t.Errorf("%s leads to %q (%v), want %q", path, got, err, want)
	}
}

func TestLinkReplacesWhatIsThere(t *testing.T) {
	project, layer := t.TempDir(), t.TempDir()
	makeDirs(t, filepath.Join(project, "node_modules", "old"), filepath.Join(project, "packages", "a"))
	links := []string{"node_modules", "packages/a/node_modules", "packages/b/node_modules"}
	if err := nodemodules.Link(project, layer, links); err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		wantLink(t, filepath.Join(project, link), filepath.Join(layer, link))
	}
}

func TestLinkLeavesWhatIsBesideAlone(t *testing.T) {
	project, layer := t.TempDir(), t.TempDir()
	own := []string{"node_modules.new", "node_modules.new-1", "node_modules.old"}
	for _, name := range own {
		if err := os.WriteFile(filepath.Join(project, name), []byte("the app's"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := nodemodules.Link(project, layer, []string{"node_modules"}); err != nil {
			t.Fatal(err)
		}
	}
	wantLink(t, filepath.Join(project, "node_modules"), filepath.Join(layer, "node_modules"))
	for _, name := range own {
		if text, err := os.ReadFile(filepath.Join(project, name)); string(text) != "the app's" {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
	if list, err := os.ReadDir(project); err != nil || len(list) != len(own)+1 {
		t.Errorf("there is %v, %v", list, err)
	}
}

func TestRelinkFollowsTheListOfTheLayer(t *testing.T) {
	project, build := t.TempDir(), t.TempDir()
	launch := filepath.Join(t.TempDir(), "not-restored")
	links := nodemodules.Links{
		Build:  []string{"node_modules", "packages/a/node_modules", "packages/devonly/node_modules"},
		Launch: []string{"node_modules", "packages/a/node_modules"},
	}
	for _, err := range []error{links.Write(build), nodemodules.Link(project, build, links.Build)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second call changes nothing
		if err := nodemodules.Relink(project, launch); err != nil {
			t.Fatal(err)
		}
		for _, link := range links.Launch {
			wantLink(t, filepath.Join(project, link), filepath.Join(launch, link))
		}
		if _, err := os.Lstat(filepath.Join(project, links.Build[2])); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the link to modules of the build alone is still there: %v", err)
		}
	}
}

func TestRelinkLeavesAFolderAlone(t *testing.T) {
	project := t.TempDir()
	file := filepath.Join(project, "node_modules", "own")
	makeDirs(t, file)
	if err := nodemodules.Relink(project, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestRelinkRefusesAListThatIsNotOne(t *testing.T) {
	project, build := t.TempDir(), t.TempDir()
	if err := nodemodules.Link(project, build, []string{"node_modules"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(build, "links.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := nodemodules.Relink(project, t.TempDir()); err == nil {
		t.Error("got no error")
	}
}
