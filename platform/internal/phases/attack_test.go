//go:build linux

package phases

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// One build leaves a symbolic link, and the next would write through it.
func TestBillsOfMaterialsAreWrittenNowhereElse(t *testing.T) {
	base := t.TempDir()
	made, to, outside := filepath.Join(base, "made"), filepath.Join(base, "to"), filepath.Join(base, "outside")
	write(t, outside+"/there", "untouched")
	write(t, made+"/launch/sbom.cdx.json", "1")
	for _, link := range []string{"link", "launch/there"} {
		if err := os.Symlink(outside, filepath.Join(made, link)); err != nil {
			t.Fatal(err)
		}
	}
	copyAll := func() {
		t.Helper()
		root, err := os.OpenRoot(made)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		if err := copyPlain(root, to); err != nil {
			t.Fatal(err)
		}
	}
	copyAll()
	if entry, err := os.Lstat(to + "/link"); err == nil {
		t.Errorf("a link was copied: %v", entry)
	}
	// An older armature copied links.
	os.RemoveAll(to + "/launch")
	if err := os.Symlink(outside, to+"/launch"); err != nil {
		t.Fatal(err)
	}
	write(t, made+"/launch/new", "evil")
	copyAll()
	copyAll() // again, over existing files
	if list, _ := os.ReadDir(outside); len(list) != 1 {
		t.Errorf("outside there is now %v", list)
	}
	if text, err := os.ReadFile(to + "/launch/sbom.cdx.json"); string(text) != "1" {
		t.Errorf("got %q, %v", text, err)
	}
}

// In a chroot all files are on one file system, so a script can make a hard link
// in the cache to a file of the shared builder.
func TestTheCachesFilesAreNotGivenAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files to another user takes root")
	}
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	b := &Build{Options: Options{Way: sandbox.Chroot, Home: h}, builder: &builder{user: 1001, group: 1000}}
	if b.kept, err = h.Build(t.Context(), "app", func() {}); err != nil {
		t.Fatal(err)
	}
	if b.work, err = h.NewWork(); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, folder := range []string{appFolder, layersFolder, "home", "platform", "etc"} {
		if _, err := b.work.Folder(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owner := func(path string) int {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Sys().(*syscall.Stat_t).Uid)
	}
	cache, shared := b.cacheFolder(), filepath.Join(h.Dir, "shared")
	write(t, cache+"/committed/x", "")
	write(t, shared, "of the builder")
	if err := b.giveAway(); err != nil {
		t.Fatal(err)
	}
	if got := owner(cache + "/committed/x"); got != 1001 {
		t.Errorf("a new cache belongs to %d, want 1001", got)
	}
	if err := os.Link(shared, cache+"/committed/second"); err != nil {
		t.Fatal(err)
	}
	if err := b.giveAway(); err != nil {
		t.Fatal(err)
	}
	if got := owner(shared); got != 0 {
		t.Errorf("the shared file belongs to %d, want 0", got)
	}
}

// anyRunImage returns an image of two layers for linux/arm64.
func anyRunImage(t *testing.T) (v1.Image, *v1.ConfigFile) {
	t.Helper()
	run, err := random.Image(100, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := run.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture = "linux", "arm64"
	if run, err = mutate.ConfigFile(run, config); err != nil {
		t.Fatal(err)
	}
	return run, config
}

// Scripts know the lifecycle's password, and can write a manifest themselves.
func TestAManifestWithOtherLayersThanItSaysIsRefused(t *testing.T) {
	run, _ := anyRunImage(t)
	extra, err := random.Layer(50, "application/vnd.oci.image.layer.v1.tar+gzip")
	if err != nil {
		t.Fatal(err)
	}
	good, err := mutate.AppendLayers(run, extra)
	if err != nil {
		t.Fatal(err)
	}
	b := &Build{Options: Options{Target: targets.LinuxARM64}, run: &runImage{image: run}}
	if err := b.check(good); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	other, err := random.Image(100, 3)
	if err != nil {
		t.Fatal(err)
	}
	goodConfig, err := good.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		image v1.Image
		want  string
	}{
		{"other layers", other, "layer 1 of the image is "},
		{"fewer layers", run, "the image has 2 layers, its configuration says 3"},
	} {
		bad, err := mutate.ConfigFile(tc.image, goodConfig)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.check(bad); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

// The manifest alone is not enough: the configuration decides what runs.
func TestAConfigurationWithOtherLowerLayersThanTheRunImagesIsRefused(t *testing.T) {
	run, config := anyRunImage(t)
	b := &Build{Options: Options{Target: targets.LinuxARM64}, run: &runImage{image: run}}
	if err := b.check(run); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	lying := config.DeepCopy()
	lying.RootFS.DiffIDs[0], lying.RootFS.DiffIDs[1] = lying.RootFS.DiffIDs[1], lying.RootFS.DiffIDs[0]
	bad, err := mutate.ConfigFile(run, lying)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.check(bad); err == nil || !strings.HasPrefix(err.Error(), "layer 1 of the image is ") || !strings.Contains(err.Error(), "not the run image's") {
		t.Errorf("got %v", err)
	}
}

func TestALineWithoutAnEndIsPassedOnInPieces(t *testing.T) {
	var got int
	l := &lines{line: func(text string) { got += len(text) }}
	piece := []byte(strings.Repeat("x", 32<<10))
	for range 100 {
		l.Write(piece)
		if len(l.rest) >= maxLine {
			t.Fatalf("%d bytes are kept", len(l.rest))
		}
	}
	if got+len(l.rest) != 100*len(piece) {
		t.Errorf("got %d bytes, want %d", got+len(l.rest), 100*len(piece))
	}
}

func TestABuildersHomeIsApartFromWhatScriptsCanMove(t *testing.T) {
	for home, want := range map[string]bool{
		"/home/cnb": true, "/root": true, "/": false, "/workspace": false, "/workspace/a/b": false, "/var": false, "/tmp/home": false, "/workspaces": true,
	} {
		if got := ownFolder(home); got != want {
			t.Errorf("%s: got %v, want %v", home, got, want)
		}
	}
}

func TestABindingOfThisFolderHasItsName(t *testing.T) {
	base := t.TempDir()
	write(t, base+"/token/type", "npmrc")
	t.Chdir(base + "/token")
	if err := writePlatform(base+"/platform", nil, []string{"."}, func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(base + "/platform/bindings/token/type"); string(text) != "npmrc" {
		t.Errorf("got %q, %v", text, err)
	}
}

// Bindings and variables may be secret: they must not stay in the trash.
func TestWhatMayBeSecretIsGoneWhenABuildIsClosed(t *testing.T) {
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(h.Dir, "trash.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // no process empties the trash
		t.Fatal(err)
	}
	b := &Build{Options: Options{Home: h}}
	if b.work, err = h.NewWork(); err != nil {
		t.Fatal(err)
	}
	write(t, b.work.Path("platform/bindings/npm/.npmrc"), "canary")
	for i := range 100 { // so that it is not small
		write(t, b.work.Path(fmt.Sprintf("layers/%d", i)), "")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"work/*/platform", "trash/*/platform"} {
		if left, _ := filepath.Glob(filepath.Join(h.Dir, pattern)); len(left) != 0 {
			t.Errorf("left over: %q", left)
		}
	}
}
