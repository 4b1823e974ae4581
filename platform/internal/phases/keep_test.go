//go:build linux

package phases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// keeping returns a build whose lifecycle has made an image and a cache image.
func keeping(t *testing.T, small bool) (*Build, exported) {
	t.Helper()
	run, image := labelled(t, hostTarget(t))
	digest, err := run.Digest()
	if err != nil {
		t.Fatal(err)
	}
	b := bare(t)
	b.Small = small
	b.run, b.builder = &runImage{image: run, digest: digest, recorded: "registry.example/public@" + digest.String()}, &builder{platformAPI: "0.14"}
	about := map[string]any{"data": map[string]any{"version": "24"}, "launch": true}
	b.clean = cleanLayers{Declared: []layerName{"a/engine@1:node"}, Layers: []cleanLayer{{Name: "a/engine@1:node", About: about, SHA: diffID("node")}}}
	if b.work, err = b.Home.NewWork(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.work.Close() })
	write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
	write(t, b.cacheFolder()+"/x", "")
	cache := emptyFor("linux", "amd64", map[string]string{labels.Cache: "{}"})
	for _, one := range []v1.Image{image, cache} {
		put(t, b.blobs, one)
		config, err := one.RawConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		name, err := one.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.blobs.Put(t.Context(), "", name, io.NopCloser(bytes.NewReader(config))); err != nil {
			t.Fatal(err)
		}
	}
	return b, exported{image: image, cache: cache, runReference: runImageName + ":" + loopback.Tag}
}

func TestWhatIsKeptIsTheImageTheCacheAndWhatWasCompared(t *testing.T) {
	for _, small := range []bool{false, true} {
		b, made := keeping(t, small)
		if err := b.keep(t.Context(), made); err != nil {
			t.Fatal(err)
		}
		manifest, err := os.ReadFile(b.manifestPath())
		if err != nil {
			t.Fatal(err)
		}
		kept, err := b.blobs.Image(manifest)
		if err != nil {
			t.Fatal(err)
		}
		if label := labelOf(t, kept); !strings.Contains(label, `"reference":"registry.example/public@`) || strings.Contains(label, runImageName+"@") {
			t.Errorf("small: %v: its label says %s", small, label)
		}
		same, err := b.withoutUnverified(kept)
		if err != nil || same != kept {
			t.Errorf("small: %v: not all of it counts as compared: %v", small, err)
		}
		want := map[string]bool{}
		for _, one := range []v1.Image{kept, made.cache} {
			digests, err := blobsOf(one)
			if err != nil {
				t.Fatal(err)
			}
			for _, digest := range digests {
				want[digest.Hex] = true
			}
		}
		found, err := filepath.Glob(b.kept.Dir + "/blobs/sha256-*")
		if err != nil || len(found) != len(want) {
			t.Errorf("small: %v: it keeps %q, want %d blobs", small, found, len(want))
		}
	}
}

func TestWhatCannotBeKeptIsAnError(t *testing.T) {
	for _, small := range []bool{false, true} {
		for _, of := range []string{"image", "cache"} {
			for n := 1; ; n++ {
				b, made := keeping(t, small)
				left := n
				if of == "image" {
					made.image = faulty{made.image, &left}
				} else {
					made.cache = faulty{made.cache, &left}
				}
				err := b.keep(t.Context(), made)
				if left > 0 {
					if err != nil || n == 1 {
						t.Errorf("small: %v: got %v after %d answers of the %s", small, err, n-1, of)
					}
					break
				}
				if !strings.Contains(fmt.Sprint(err), errFault.Error()) {
					t.Errorf("small: %v: answer %d of the %s is an error: got %v, want it", small, n, of, err)
				}
			}
		}
	}
	for name, spoil := range map[string]func(b *Build){
		"its manifest":       func(b *Build) { block(t, b.manifestPath(), false) },
		"what was compared":  func(b *Build) { block(t, filepath.Join(b.kept.Dir, verifiedFile), false) },
		"another run image":  func(b *Build) { b.run.digest = v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)} },
		"nothing's content":  func(b *Build) { os.RemoveAll(b.kept.Dir + "/blobs") },
		"nothing's metadata": func(b *Build) { os.RemoveAll(b.work.Path("room/layers")) },
		"no cache folder":    func(b *Build) { os.RemoveAll(b.cacheFolder()) },
	} {
		b, made := keeping(t, false)
		spoil(b)
		if err := b.keep(t.Context(), made); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	_, image := labelled(t, hostTarget(t))
	if got, err := (&Build{root: "/nowhere"}).withoutUnverified(image); got != image || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a builder that is not there: got %v, %v", got, err)
	}
}

// What is taken of the first build's layers decides whether its cache is, too.
func TestWhatIsNotTakenOverDoesNotCount(t *testing.T) {
	const launched = "[types]\nlaunch = true\n"
	const anyTarget = "[metadata]\nany-target = true\n"
	for _, tc := range []struct {
		name, text string
		ours       bool
		want       bool
	}{
		{"a layer for any target", launched + anyTarget, false, true},
		{"one that this build has", launched + anyTarget, true, false},
		{"one for this target", launched + "[metadata]\nany-target = false\n", false, false},
		{"one without metadata", launched, false, false},
		{"one of the build", launched + "build = true\n" + anyTarget, false, false},
		{"one of the cache", launched + "cache = true\n" + anyTarget, false, false},
		{"one that is not launched", anyTarget, false, false},
		{"no TOML", "[", false, false},
		{"too much of it", launched + anyTarget + strings.Repeat("#", maxSmallFile), false, false},
		{"no file", "", false, false},
	} {
		b := working(t)
		b.first = working(t)
		write(t, b.work.Path("room/layers/x"), "")
		write(t, b.first.work.Path("room/layers/x"), "")
		const name = layersFolder + "/a_one/x.toml"
		if tc.text == "" {
			if err := os.MkdirAll(b.first.work.Path(name), 0o755); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, b.first.work.Path(name), tc.text)
		}
		if tc.ours {
			write(t, b.work.Path(name), "ours")
		}
		if got, err := b.takeMetadata(); got != tc.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", tc.name, got, err, tc.want)
		}
	}
}

func TestACacheThatCannotBeCopiedForLackOfRoomIsAnError(t *testing.T) {
	h, app := openHome(t), appOf(t, plainPackage)
	first := ofApp(t, h, app, "app:1", other(hostTarget(t))).opened(t)
	first.leaves(t, ours)
	first.Close()
	second := ofApp(t, h, app, "app:1", hostTarget(t))
	if err := second.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer second.kept.Close()
	block(t, h.Dir+"/work", true)
	if err := second.beginWithCache(&left{}, true); err == nil {
		t.Error("there is no folder for work: got no error")
	}
	if err := os.Remove(h.Dir + "/work"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(h.Dir+"/work", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := second.beginWithCache(&left{}, true); err != nil {
		t.Fatal(err)
	}
	if layers, _ := filepath.Glob(second.cacheFolder() + "/committed/*.tar"); len(layers) != 2 {
		t.Errorf("the cache has %q", layers)
	}
}

// Roots of different owners are in different folders.
func TestABuildersRootIsThatOfItsOwners(t *testing.T) {
	b := bare(t)
	b.builder = &builder{found: "x", user: 1001, digest: v1.Hash{Algorithm: "sha256", Hex: "abc"}}
	for _, name := range []string{"abc", "abc-owned"} {
		root := b.Home.Dir + "/roots/" + name
		write(t, root+"/etc/passwd", "cnb:x:1001:1000::/home/cnb:/bin/sh\n")
		write(t, root+"/cnb/lifecycle/launcher", programFor(b.Target))
	}
	for _, way := range []sandbox.Way{sandbox.Chroot, sandbox.Users} {
		want := "abc-owned"
		if b.Way = way; way.OneID() {
			want = "abc"
		}
		if err := b.unpack(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.rootUse.Close()
		if got := filepath.Base(b.root); got != want {
			t.Errorf("%s: got %s, want %s", way, got, want)
		}
	}
}

func TestTheUserOfABuilderMayBeTheLowestAndTheHighest(t *testing.T) {
	for id, want := range map[string]int{"1": 1, "2147483647": 1<<31 - 1, "0": 0, "2147483648": 0, "-1": 0, "": 0, "1x": 0} {
		b := &builder{found: "x", env: []string{"A=1", "CNB_USER_ID=" + id, "CNB_USER_ID=7"}}
		if got, err := b.id("CNB_USER_ID"); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", id, got, err, want)
		}
	}
}
