//go:build linux

package phases

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// A build writes to its own folders, and to nothing else of the host.
func TestASandboxHasTheFoldersOfItsBuild(t *testing.T) {
	const writable, readable = "may be written to", "may be read"
	want := map[string]string{
		appDir: writable, layersDir: writable, cacheDir: writable, "/tmp": writable, "/var/tmp": writable, "/home/cnb": writable, tree.Room: writable,
		platformDir: readable, runFile: readable,
	}
	for _, way := range []sandbox.Way{sandbox.Users, sandbox.Mounts, sandbox.Chroot} {
		b := working(t)
		b.Way = way
		write(t, b.work.Path("room/app/x"), "")
		if err := os.Chmod(b.kept.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		spec, err := b.spec()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, bind := range spec.Binds {
			got[bind.Target] = map[bool]string{true: writable, false: readable}[bind.Writable]
			if !strings.HasPrefix(bind.Source, b.work.Dir) && !strings.HasPrefix(bind.Source, b.kept.Dir) {
				t.Errorf("%v: %s shows %s of the host", way, bind.Target, bind.Source)
			}
		}
		info, err := os.Stat(b.kept.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if closed := info.Mode().Perm() == 0o700; closed != (way == sandbox.Chroot) {
			t.Errorf("%v: the folder that holds the cache has the mode %o", way, info.Mode())
		}
		if way == sandbox.Chroot {
			got[tree.Room] = writable // it has one mount anyway
		}
		if !maps.Equal(got, want) {
			t.Errorf("%v: got the folders %v, want %v", way, got, want)
		}
		if spec.User != os.Geteuid() || spec.Group != os.Getegid() || (way == sandbox.Chroot) == (spec.Root == b.root) {
			t.Errorf("%v: got the user %d:%d and the root %s", way, spec.User, spec.Group, spec.Root)
		}
	}
}

// The seed for other builds has the launcher too, which is the same for all.
func TestASeedHasTheLauncher(t *testing.T) {
	_, image := labelled(t, hostTarget(t))
	b := bare(t)
	put(t, b.blobs, image)
	write(t, b.cacheFolder()+"/x", "")
	dir := t.TempDir()
	if err := b.leave(image, dir, []string{"a_engine"}); err != nil {
		t.Fatal(err)
	}
	blobs, err := loopback.OpenBlobs(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, seedManifest))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := blobs.Image(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(diffIDsOf(t, seed)), fmt.Sprint([]string{diffID("node"), diffID("launcher")}); got != want {
		t.Errorf("got the layers %s, want %s", got, want)
	}
	if label := labelOf(t, seed); !strings.Contains(label, `"launcher":{"sha"`) {
		t.Errorf("its label says %s, want the launcher in it", label)
	}
}
