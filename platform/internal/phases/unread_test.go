//go:build linux

package phases

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/modules/preview"
	"github.com/armature-cnb/armature/internal/testing/scarce"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestWhatAnImageSaysOfProcessesAndLayersIsReadOrAnError(t *testing.T) {
	bad := emptyFor("linux", "amd64", map[string]string{labels.Build: "{"})
	if all, err := indirectProcesses(bad); all != nil || err == nil {
		t.Errorf("processes: got %v, %v", all, err)
	}
	b := bare(t)
	left := 1
	b.run = &runImage{image: faulty{runImageFor(t, b.Target, "run"), &left}, found: "x"}
	if err := b.checkBash(t.Context(), bad); err == nil {
		t.Error("an image whose processes cannot be read: got no error")
	}
	indirect := emptyFor("linux", "amd64", map[string]string{labels.Build: `{"processes":[{"type":"web","buildpackID":"a"}]}`})
	if err := b.checkBash(t.Context(), indirect); err == nil || isFailure(err, "bash-missing", "") {
		t.Errorf("a run image that cannot be read: got %v", err)
	}
	odd := emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: `{"buildpacks":[{"key":"a","version":"1","layers":{"x":7}}]}`})
	if _, layers, err := layersOf(odd, func(layerName, json.RawMessage) bool { return true }); layers != nil || err == nil {
		t.Errorf("a layer that is a number: got %v, %v", layers, err)
	}
	one := 1
	if got := titles(faulty{indirect, &one}); got != nil {
		t.Errorf("a builder that cannot be read: got the titles %v", got)
	}
}

// What cannot be read is passed over, and hides nothing behind it.
func TestDeclarationsAreThoseThatCanBeRead(t *testing.T) {
	root := t.TempDir()
	const declares = "[buildpack]\nid = \"x/%\"\n[metadata]\nlayers-without-app-code = [\"b\", \"a\"]\n"
	write(t, root+"/cnb/buildpacks/b_two/1/buildpack.toml", "[")
	write(t, root+"/cnb/buildpacks/c_three/1/buildpack.toml", "[metadata]\nlayers-without-app-code = 7\n")
	write(t, root+"/cnb/buildpacks/d_four/2/buildpack.toml", strings.ReplaceAll(declares, "%", "four"))
	write(t, root+"/cnb/buildpacks/e_five/3/buildpack.toml", strings.ReplaceAll(declares, "%", "five"))
	if err := os.MkdirAll(root+"/cnb/buildpacks/a_one/1", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(root+"/cnb/buildpacks/a_one/1/buildpack.toml", 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := declaredLayers(root)
	if want := []layerName{"x/four@2:b", "x/four@2:a", "x/five@3:b", "x/five@3:a"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	of, err := cleanLayers{Declared: got}.of([]labels.BuildpackLayers{
		{Key: "x/four", Version: "2", Layers: map[string]json.RawMessage{"b": json.RawMessage(`{"sha":"1"}`), "a": json.RawMessage(`{"sha":7,"launch":true}`), "c": json.RawMessage(`{}`)}},
		{Key: "x/five", Version: "2", Layers: map[string]json.RawMessage{"a": json.RawMessage(`{}`)}},
	})
	want := []cleanLayer{{Name: "x/four@2:a", About: map[string]any{"launch": true}}, {Name: "x/four@2:b", About: map[string]any{}, SHA: "1"}}
	if err != nil || !reflect.DeepEqual(of, want) {
		t.Errorf("got %+v, %v, want %+v", of, err, want)
	}
}

func TestDownloadsThatCannotBeReadAreLeftOut(t *testing.T) {
	odd := t.TempDir()
	block(t, filepath.Join(odd, cacheList), false)
	for _, from := range []string{"/nowhere", t.TempDir(), odd} {
		to := t.TempDir()
		if err := keepDownloads(from, to, true); err != nil || len(names(to)) != 0 {
			t.Errorf("%s: got %q, %v", from, names(to), err)
		}
	}
}

func TestFactsAreWhatTheBuildWorksWith(t *testing.T) {
	digest := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}
	run := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}
	fetched := []order.Fetched{{}}
	b := &Build{fetched: fetched, builder: &builder{found: "x", digest: digest, lifecycle: "0.21", platformAPI: "0.14"}, run: &runImage{recorded: "registry.example/run:1@" + run.String(), digest: run}}
	want := Facts{Builder: "x", BuilderDigest: digest.String(), RunImage: "registry.example/run:1", RunImageDigest: run.String(), Lifecycle: "0.21", PlatformAPI: "0.14", Fetched: fetched}
	if got := b.Facts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestADevelopersModulesAreCopiedWhereTheyMayBeKept(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(b *Build)
		want   bool // all of them are copied
	}{
		{"a build that removes them", func(*Build) {}, false},
		{"a filter", func(b *Build) { b.Filter = func(string) bool { return true } }, true},
		{"a project of the app", func(b *Build) { b.Env["BP_NODE_PROJECT_PATH"] = "." }, true},
		{"other buildpacks", func(b *Build) { b.Buildpacks = order.Request{Buildpacks: []order.Locator{{Name: "x"}}} }, true},
		{"another builder", func(b *Build) { os.RemoveAll(b.root + "/cnb") }, true},
		{"a builder without the buildpack of its order", func(b *Build) { os.RemoveAll(b.root + "/cnb/buildpacks") }, true},
	} {
		b := working(t)
		write(t, b.root+"/cnb/order.toml", "[[order]]\n[[order.group]]\nid = \"armature/nodejs\"\nversion = \"1\"\n")
		write(t, b.root+"/cnb/buildpacks/armature_nodejs/1/buildpack.toml", "[metadata]\nremoves-own-modules = "+string(rune('0'+preview.Rules))+"\n")
		write(t, b.App+"/.gitignore", "node_modules\n")
		for i := range 20 {
			write(t, b.App+"/node_modules/a/"+string(rune('a'+i)), "x")
		}
		tc.change(b)
		to, err := b.work.Folder("room/app", 0o777)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.copySource(t.Context(), to); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := len(names(to+"/node_modules/a")) == 20; got != tc.want {
			t.Errorf("%s: all modules are copied: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestACopyTakesThePlaceOfWhatIsThere(t *testing.T) {
	from, to, outside := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, from+"/folder/x", "new")
	write(t, from+"/file", "new")
	write(t, from+"/link", "new")
	write(t, from+"/same/x", "new")
	write(t, to+"/folder", "a file")
	write(t, to+"/file/x", "a folder")
	write(t, to+"/same/y", "kept")
	if err := os.Symlink(outside, to+"/link"); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := copyPlain(root, to); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"folder/x", "file", "link", "same/x", "same/y"} {
		text, _ := os.ReadFile(to + "/" + name)
		got[name] = string(text)
	}
	if want := map[string]string{"folder/x": "new", "file": "new", "link": "new", "same/x": "new", "same/y": "kept"}; !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(names(outside)) > 0 || len(names(to)) != 4 {
		t.Errorf("outside is %q; in the folder are %q", names(outside), names(to))
	}
}

func TestFoldersThatAreNotThereAreErrors(t *testing.T) {
	b := working(t)
	b.Way = sandbox.Chroot
	if err := b.giveAway(); err == nil {
		t.Error("nothing to give away: got no error")
	}
	b.first = &Build{busy: newEvent()}
	if err := os.RemoveAll(b.cacheFolder()); err != nil {
		t.Fatal(err)
	}
	if status, err := b.inTwoHalves(t.Context(), nil, nil, nil); status != (sandbox.Status{}) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder for the cache: got %v, %v", status, err)
	}
}

// A first build's layers are there in whole, or the build ends.
func TestMetadataWithoutRoomAreWholeOrAnError(t *testing.T) {
	scarce.Room(t, func() scarce.Try {
		b := prepared(t)
		took := false
		return scarce.Try{
			Do: func() (err error) { took, err = b.takeMetadata(); return err },
			Check: func() {
				text, err := os.ReadFile(b.work.Path("room/layers/a_one/x.toml"))
				if want := "[metadata]\n  any-target = true\n"; !took || string(text) != want || err != nil {
					t.Errorf("got %v, %q, %v, want %q", took, text, err, want)
				}
			},
		}
	})
}
