//go:build linux

package phases

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/modules/preview"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestASandboxThatCannotStandIsAnError(t *testing.T) {
	s := newSite(t, plain)
	b := start(t, s.options())
	b.builder.user = 0
	if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "user is 0:1000") {
		t.Errorf("root: got %v", err)
	}
	b.builder.user = 1001
	b.CacheImage = "127.0.0.1:1/cache:1"
	if _, err := b.Run(t.Context()); !isFailure(err, "registry-unreachable", "fetching 127.0.0.1:1/cache:1") {
		t.Errorf("a cache image of a registry that is not there: got %v", err)
	}
	b.CacheImage = ""
	block(t, b.manifestPath(), false)
	if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("an image before that cannot be read: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.first, b.Way = &Build{made: newEvent()}, sandbox.Chroot
	if _, err := b.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("one that waits for another, and is ended: got %v", err)
	}
	b.kept.Dir += "/nowhere"
	if _, err := b.spec(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that cannot be closed: got %v", err)
	}
}

func TestAHomeThatCannotBeWrittenToIsAnError(t *testing.T) {
	s := newSite(t, plain)
	b := start(t, s.options())
	kept := b.kept.Dir
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waits := &Build{Options: b.Options, builder: b.builder}
	if err := waits.open(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(s.said.String(), "another build of app:1 for "+s.host.String()+" is running") {
		t.Errorf("one that waits, and is ended: got %v\n%s", err, &s.said)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{leftFile, "blobs", holderFile} {
		block(t, filepath.Join(kept, name), name == "blobs")
		if b, err := Start(t.Context(), s.options()); err == nil {
			b.Close()
			t.Errorf("%s is blocked: got no error", name)
		}
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
	}
	c := bare(t)
	block(t, c.Home.Dir+"/builds", true)
	if err := c.openKept(t.Context()); err == nil || c.kept != nil {
		t.Errorf("no folder for builds: got %v", err)
	}
	if c.kept, c.ClearCache = nil, true; c.open(t.Context()) == nil {
		t.Error("no folder for builds: got no error")
	}
	d := bare(t)
	for _, network := range []sandbox.Network{sandbox.None, sandbox.Host} {
		d.Network = network
		block(t, d.Home.Dir+"/roots", true)
		if _, err := d.reference(t.Context()); err == nil {
			t.Errorf("no folder for what is known, network %s: got no error", network)
		}
	}
	write(t, d.root+"/cnb/buildpacks/a_engine/1/dependencies/x", "")
	if err := d.begin(t.Context()); err == nil || !strings.Contains(err.Error(), "making the layer of Node.js") {
		t.Errorf("no folder for the seed: got %v", err)
	}
}

func TestASeedThatIsDamagedIsAnError(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, seed string, b *Build){
		"its manifest":  func(t *testing.T, seed string, b *Build) { block(t, seed+"/"+seedManifest, false) },
		"what is known": func(t *testing.T, seed string, b *Build) { write(t, seed+"/"+cleanFile, "{") },
		"its image": func(t *testing.T, seed string, b *Build) {
			write(t, seed+"/"+seedManifest, "no manifest")
			write(t, seed+"/"+cleanFile, "{}")
		},
		"its blobs": func(t *testing.T, seed string, b *Build) { os.RemoveAll(b.kept.Dir + "/blobs") },
	} {
		b := bare(t)
		write(t, b.root+"/cnb/buildpacks/a_engine/1/dependencies/x", "")
		seed := b.Home.Dir + "/roots/" + b.seedName()
		write(t, seed+"/"+seedManifest, "{}")
		write(t, seed+"/sha256-"+strings.TrimPrefix(shaA, "sha256:"), "")
		damage(t, seed, b)
		if err := b.begin(t.Context()); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	b := bare(t)
	never := func(*Build, v1.Image) error { return nil }
	for name, do := range map[string]func() error{
		"no folder": func() error { return b.buildClean(t.Context(), "/nowhere", seedApp, b.Options, never) },
		"an odd file": func() error {
			return b.buildClean(t.Context(), t.TempDir(), map[string]string{"a/b": ""}, b.Options, never)
		},
		"no builder":    func() error { return b.buildClean(t.Context(), t.TempDir(), seedApp, b.Options, never) },
		"no buildpacks": func() error { return (&Build{root: "/nowhere"}).leaveClean(nil, "") },
	} {
		var not *notBuilt
		if err := do(); err == nil || errors.As(err, &not) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestALabelThatLiesAboutLayersIsAnError(t *testing.T) {
	bad := []labels.BuildpackLayers{{Key: "a/engine", Version: "1", Layers: map[string]json.RawMessage{"node": json.RawMessage("1")}}}
	known := cleanLayers{Declared: []layerName{"a/engine@1:node"}}
	if _, err := known.of(bad); err == nil || !strings.Contains(err.Error(), "a/engine@1:node") {
		t.Errorf("got %v", err)
	}
	b := bare(t)
	b.clean = known
	const label = `{"buildpacks":[{"key":"a/engine","version":"1","layers":{"node":1}}]}`
	lying := emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: label})
	fine := emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: "{}"})
	write(t, b.cacheFolder()+"/x", "")
	write(t, b.root+"/cnb/buildpacks/a_engine/1/buildpack.toml", declaring.files()["cnb/buildpacks/a_engine/1/buildpack.toml"])
	if _, err := b.verify(t.Context(), exported{image: lying}); err == nil {
		t.Error("an image: got no error")
	}
	if err := b.leaveClean(lying, t.TempDir()); err == nil {
		t.Error("an image of a seed: got no error")
	}
	write(t, filepath.Join(b.cacheFolder(), cacheList), label)
	if _, err := b.verify(t.Context(), exported{image: fine}); err == nil {
		t.Error("a cache: got no error")
	}
	b.clean.Layers = []cleanLayer{{Name: known.Declared[0], About: map[string]any{}, SHA: shaA}}
	with := emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: `{"buildpacks":[{"key":"a/engine","version":"1","layers":{"node":{"sha":"` + shaA + `"}}}]}`})
	if _, err := b.verify(t.Context(), exported{image: with}); err == nil {
		t.Error("a cache beside a layer that is known: got no error")
	}
	if err := b.leaveClean(fine, t.TempDir()); err == nil {
		t.Error("a seed's cache: got no error")
	}
	block(t, b.cacheFolder()+"/committed", true)
	if _, err := b.cachedLayers(nil); err == nil {
		t.Error("a cache that is a file: got no error")
	}
	if err := b.leaveClean(fine, t.TempDir()); err == nil {
		t.Error("a seed's cache that is a file: got no error")
	}
	for name, err := range map[string]error{
		"no layers":     func() error { _, err := (&Build{work: &home.Work{Dir: "/nowhere"}}).declared(); return err }(),
		"no buildpacks": func() error { _, err := declaredLayers("/nowhere"); return err }(),
		"no app":        func() error { _, err := runtimeFiles("/nowhere", os.Getenv); return err }(),
		"a project that is not there": func() error {
			_, err := preview.Read(appOf(t, plainPackage), t.TempDir(), func(string) string { return "nowhere" })
			return err
		}(),
		"no room for a project": func() error {
			view := t.TempDir()
			write(t, view+"/a", "")
			_, err := preview.Read(appOf(t, plainPackage), view, func(string) string { return "a/b" })
			return err
		}(),
		"a root that cannot be read": func() error {
			app := appOf(t, `{"workspaces":["a"],"scripts":7}`)
			write(t, app+"/a/package.json", plainPackage)
			_, err := preview.Read(app, t.TempDir(), func(string) string { return "a" })
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestWhatASecondTargetTakesOverIsThereOrAnError(t *testing.T) {
	b := working(t)
	b.CacheImage = "x"
	if fresh, err := b.hasNoCache(); fresh || err != nil {
		t.Errorf("a cache image: got %v, %v", fresh, err)
	}
	b.CacheImage = ""
	if fresh, err := b.hasNoCache(); fresh || err != nil {
		t.Errorf("a cache: got %v, %v", fresh, err)
	}
	os.Remove(b.cacheFolder() + "/x")
	if fresh, err := b.hasNoCache(); !fresh || err != nil {
		t.Errorf("an empty one: got %v, %v", fresh, err)
	}
	b.first = working(t)
	b.first.made, b.first.image = newEvent(), emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: "{}"})
	b.first.made.tell()
	os.RemoveAll(b.first.cacheFolder())
	if err := b.wholeAfterFirst(t.Context()); err != nil {
		t.Errorf("a first one without a cache costs time only: got %v", err)
	}
	os.RemoveAll(b.cacheFolder())
	if err := b.wholeAfterFirst(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no cache folder: got %v", err)
	}
	b.left, b.first.left = left{}, left{Scripts: true}
	block(t, filepath.Join(b.kept.Dir, leftFile), false)
	if err := b.inheritFrom(b.first.left); err == nil {
		t.Error("what is left cannot be noted: got no error")
	}
	write(t, b.work.Path("room/app/package.json"), plainPackage)
	write(t, b.work.Path("room/app/package-lock.json"), plainLock)
	if err := b.forgetImage(); err != nil || !b.follows(b.first) {
		t.Fatalf("it does not follow the first one: %v", err)
	}
	if made, err := RunAll(t.Context(), []*Build{b.first, b}); err == nil {
		t.Errorf("a second target's note: got %v and no error", made)
	}
	b.run = &runImage{image: runImageFor(t, b.Target, "run")}
	if err := b.checkSaid(emptyFor("linux", "amd64", nil)); err == nil {
		t.Error("nothing is declared: got no error")
	}
}
