package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

// image is a launch layer with the program in exec.d, and a project whose
// links lead to a layer that is not there.
type image struct{ program, layer, project string }

func newImage(t *testing.T) image {
	t.Helper()
	layer, project := t.TempDir(), t.TempDir()
	i := image{program: filepath.Join(layer, "exec.d", "0-relink"), layer: layer, project: project}
	testprogram.Build(t, ".", "", "", i.program)
	links := nodemodules.Links{Launch: []string{"node_modules", "packages/a/node_modules"}}
	for _, err := range []error{links.Write(layer), nodemodules.Link(project, filepath.Join(layer, "..", "gone"), links.Launch)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// run runs the program as the launcher does; it has to end well.
func (i image) run(t *testing.T) (stderr string) {
	t.Helper()
	cmd := exec.Command(i.program)
	cmd.Dir, cmd.Env = i.project, []string{"NODE_PROJECT_PATH=" + i.project}
	var errors strings.Builder
	cmd.Stderr = &errors
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return errors.String()
}

func (i image) wantLinks(t *testing.T, layer string) {
	t.Helper()
	for _, link := range []string{"node_modules", "packages/a/node_modules"} {
		if got, _ := os.Readlink(filepath.Join(i.project, link)); got != filepath.Join(layer, link) {
			t.Errorf("%s leads to %s", link, got)
		}
	}
}

func TestItLeadsTheLinksOfAWorkspacesRoot(t *testing.T) {
	i := newImage(t)
	links := nodemodules.Links{Root: i.project, Launch: []string{"node_modules", "packages/a/node_modules"}}
	if err := links.Write(i.layer); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(i.program)
	cmd.Dir, cmd.Env = filepath.Join(i.project, "packages", "a"), []string{"NODE_PROJECT_PATH=" + filepath.Join(i.project, "packages", "a")}
	if output, err := cmd.CombinedOutput(); err != nil || len(output) > 0 {
		t.Fatalf("%v: %s", err, output)
	}
	i.wantLinks(t, i.layer)
}

func TestItLeadsTheLinksToItsLayer(t *testing.T) {
	i := newImage(t)
	for range 2 {
		if stderr := i.run(t); stderr != "" {
			t.Error(stderr)
		}
		i.wantLinks(t, i.layer)
	}
}

func TestItLeavesAFolderAlone(t *testing.T) {
	i := newImage(t)
	own := filepath.Join(i.project, "node_modules")
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(own, "mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	i.run(t)
	if _, err := os.Stat(filepath.Join(own, "mine")); err != nil {
		t.Error(err)
	}
}

func TestItEndsWellWhenTheListIsMissing(t *testing.T) {
	i := newImage(t)
	if err := os.Remove(filepath.Join(i.layer, "links.json")); err != nil {
		t.Fatal(err)
	}
	if stderr := i.run(t); !strings.Contains(stderr, "reading the links into a layer") {
		t.Errorf("got %q", stderr)
	}
}

func TestItEndsWellWhenItMayNotWrite(t *testing.T) {
	i := newImage(t)
	if err := exec.Command("chattr", "+i", i.project).Run(); err != nil {
		if os.Geteuid() == 0 {
			t.Skipf("the file system cannot make a folder immutable, and root may write into any other: %s", err)
		}
		if err := os.Chmod(i.project, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { exec.Command("chattr", "-i", i.project).Run(); os.Chmod(i.project, 0o755) })
	if stderr := i.run(t); !strings.Contains(stderr, "cannot be changed") {
		t.Errorf("got %q", stderr)
	}
}
