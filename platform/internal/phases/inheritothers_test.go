//go:build linux

package phases

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestAnImageForTestsBeginsWithProductionsCache(t *testing.T) {
	h, app := openHome(t), appOf(t, scripted)
	first := ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t)
	first.leaves(t, ours)
	first.Close()
	second := ofApp(t, h, app, "app:test", targets.LinuxAMD64)
	second.ExecEnv = execenv.Test
	second.opened(t)
	if got := downloadsIn(t, second.cacheFolder()); len(got) != 2 || got[archiveContent] != "an archive" {
		t.Errorf("the cache has %q", got)
	}
	again := ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t)
	if _, err := os.Lstat(again.manifestPath()); err != nil {
		t.Errorf("production has lost its previous image: %v", err)
	}
}

func TestBuildpacksAreToldWhatTheImageIsFor(t *testing.T) {
	given := map[string]string{"A": "1"}
	for execEnv, want := range map[execenv.Environment]string{"": "", execenv.Production: "", execenv.Test: "test", execenv.Development: "development"} {
		b := newBuild(Options{ExecEnv: execEnv, Env: given, Host: targets.LinuxAMD64})
		if got := b.Env["CNB_EXEC_ENV"]; got != want || b.Env["A"] != "1" || b.ExecEnv == "" || len(given) != 1 {
			t.Errorf("%q: got %v, %v", execEnv, b.ExecEnv, b.Env)
		}
	}
}

func TestAnotherTargetsCacheIsTakenOverByTheSameRule(t *testing.T) {
	for _, tc := range []struct {
		name, first string
		whole       bool
	}{{"the same image", "app:1", true}, {"another image", "app:0", false}} {
		h, app := openHome(t), appOf(t, scripted)
		first := ofApp(t, h, app, tc.first, targets.LinuxAMD64).opened(t)
		first.leaves(t, ours)
		first.Close()
		second := ofApp(t, h, app, "app:1", targets.LinuxARM64).opened(t)
		if layers, _ := filepath.Glob(second.cacheFolder() + "/committed/*.tar"); (len(layers) == 2) != tc.whole {
			t.Errorf("%s: the cache has %q", tc.name, layers)
		}
		if !readLeft(second.kept.Dir).Scripts {
			t.Errorf("%s: it is noted that no script has written anything", tc.name)
		}
	}
}

// The second of two targets starts from the first one's layers.
func TestWhatIsNotedOfTheFirstTargetIsNotedOfTheSecond(t *testing.T) {
	h, app := openHome(t), appOf(t, plainPackage)
	b := ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t)
	if b.left.Scripts {
		t.Fatal("the app has scripts")
	}
	if err := b.inheritFrom(left{Name: "app:1", Scripts: true}); err != nil || !readLeft(b.kept.Dir).Scripts {
		t.Errorf("got %+v, %v", readLeft(b.kept.Dir), err)
	}
}

// Builds of one image wait for each other. A build of another image of the same
// app does not, and leaves nothing.
func TestABuildOfAnotherImageFromTheSameAppDoesNotWait(t *testing.T) {
	h, app := openHome(t), appOf(t, plainPackage)
	first := ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t)
	other := ofApp(t, h, app, "app:2", targets.LinuxAMD64).opened(t)
	if other.kept.Dir == first.kept.Dir || !other.beside {
		t.Errorf("both are in %s", other.kept.Dir)
	}
	opened := make(chan *Build)
	go func() {
		b := ofApp(t, h, app, "app:1", targets.LinuxAMD64)
		if err := b.openKept(t.Context()); err != nil {
			t.Error(err)
		}
		opened <- b
	}()
	select {
	case <-opened:
		t.Fatal("two builds of one image run at once")
	case <-time.After(200 * time.Millisecond):
	}
	place := other.kept.Dir
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(place + "*"); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	first.Close()
	b := <-opened
	if b.kept.Dir != first.kept.Dir {
		t.Errorf("it is in %s, want %s", b.kept.Dir, first.kept.Dir)
	}
	b.kept.Close()
}

func TestBuildsOfUsersAndOfHostsAreKeptApart(t *testing.T) {
	b := bare(t)
	b.Way, b.CacheKey = sandbox.Chroot, "x"
	if got := b.owner(); got != "root" {
		t.Errorf("who becomes anybody is %q", got)
	}
	if b.Way = sandbox.Users; b.Way.OneID() && b.owner() != "user "+strconv.Itoa(os.Geteuid()) {
		t.Errorf("an ordinary user is %q", b.owner())
	}
	key := b.key(b.Target)
	if b.Host = other(b.Host); b.key(b.Target) == key {
		t.Error("an emulated build has what one without has")
	}
	if got := realPath("nowhere"); !filepath.IsAbs(got) || filepath.Base(got) != "nowhere" {
		t.Errorf("a folder that is not there: got %s", got)
	}
	for name, image := range map[string]string{"no JSON": "x", "a manifest without blobs": `{"schemaVersion":2,"config":{"digest":"` + shaA + `","size":1},"layers":[]}`} {
		write(t, b.manifestPath(), image)
		if b.onlyOwnBuildpacks() {
			t.Errorf("%s: nobody else's buildpacks made it", name)
		}
	}
	os.Remove(b.manifestPath())
	if !b.onlyOwnBuildpacks() {
		t.Error("somebody's buildpacks made nothing")
	}
}
