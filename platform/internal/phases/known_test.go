//go:build linux

package phases

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// forgetting is a site without prepared layers; its builder runs a script for
// apps that have none.
func forgetting(t *testing.T, kind builderKind, script string) *site {
	t.Helper()
	s := newSite(t, kind)
	if found, _ := filepath.Glob(s.home.Dir + "/roots/*/cnb"); len(found) == 0 {
		if _, err := once(t, s.options()); err != nil { // it has the builder unpacked
			t.Fatal(err)
		}
	}
	for _, pattern := range []string{"-seed-", "-clean-"} {
		roots, err := filepath.Glob(s.home.Dir + "/roots/*" + pattern + "*")
		for _, root := range roots {
			err = errors.Join(err, os.RemoveAll(root))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	roots, err := filepath.Glob(s.home.Dir + "/roots/*/cnb")
	if err != nil || len(roots) != 1 {
		t.Fatalf("got %q, %v, want one builder", roots, err)
	}
	if script == "" {
		os.Remove(roots[0] + "/lifecycle.json")
	} else {
		write(t, roots[0]+"/lifecycle.json", script)
	}
	return s.another(t)
}

// another returns another app.
func (s *site) another(t *testing.T) *site {
	t.Helper()
	o := &site{home: s.home, way: s.way, host: s.host, builders: s.builders, app: t.TempDir()}
	write(t, o.app+"/package.json", plainPackage)
	return o
}

func changedLayer(err error, name string) bool {
	var f *failure.Failure
	return errors.As(err, &f) && f.ID == "layer-changed" && strings.Contains(f.Cause, name)
}

const (
	making    = "making the layer of Node.js, once for all builds"
	comparing = "making the layers of Node.js without the app, to compare with"
)

func TestAFirstBuildBeginsWithTheLayersThatABuilderBrings(t *testing.T) {
	s := forgetting(t, bringing, "")
	b, _ := made(t, s.options())
	seed := []string{diffID("node"), diffID("launcher")}
	if got := b.call(t).Layers; !slices.Equal(got, seed) {
		t.Errorf("the lifecycle finds the layers %q, want %q", got, seed)
	}
	if said := s.said.String(); !strings.Contains(said, making) || strings.Contains(said, comparing) {
		t.Errorf("got\n%s", said)
	}
	if kept := blobsIn(t, b); len(kept) != 6 {
		t.Errorf("it keeps %q, want the 6 blobs of its image", kept)
	}
	b.Close()
	if left, _ := filepath.Glob(s.home.Dir + "/roots/*/.app-*"); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	if left, _ := filepath.Glob(s.home.Dir + "/work/*"); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
	o := s.another(t)
	b, _ = made(t, o.options())
	if got := b.call(t).Layers; !slices.Equal(got, seed) || strings.Contains(o.said.String(), making) {
		t.Errorf("the next app's lifecycle finds the layers %q, want %q\n%s", got, seed, &o.said)
	}
	b.Close()
	for _, tc := range []struct{ name, script, layer string }{
		{"another Node.js of the same version", `{"node":"evil"}`, "a/engine@1:node"},
		{"another launcher", `{"launcher":"evil"}`, "of the lifecycle's launcher"},
	} {
		o := s.another(t)
		o.script(t, tc.script)
		b := start(t, o.options())
		if _, err := b.Run(t.Context()); !changedLayer(err, tc.layer) {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if _, err := os.Lstat(b.manifestPath()); err == nil {
			t.Errorf("%s: an image is kept", tc.name)
		}
	}
}

func TestWhatIsNotKnownOfALayerABuildWithoutTheAppTells(t *testing.T) {
	s := forgetting(t, declaring, "")
	b, _ := made(t, s.options())
	if c := b.call(t); c.Previous != "" || !strings.Contains(s.said.String(), comparing) || strings.Contains(s.said.String(), making) {
		t.Errorf("the lifecycle finds %q\n%s", c.Previous, &s.said)
	}
	b.Close()
	b, _ = made(t, s.options())
	if got := b.call(t).Layers; !slices.Contains(got, diffID("node")) {
		t.Errorf("what was compared is not taken again: got %q", got)
	}
	text, err := os.ReadFile(filepath.Join(b.cacheFolder(), cacheList))
	if err != nil || !strings.Contains(string(text), diffID("cached")) {
		t.Errorf("the cache has %s, %v, want the layer that was compared", text, err)
	}
	b.Close()
	o := s.another(t)
	o.script(t, `{"node":"evil"}`)
	if _, err := once(t, o.options()); !changedLayer(err, "a/engine@1:node") || strings.Contains(o.said.String(), comparing) {
		t.Errorf("got %v\n%s", err, &o.said)
	}
	o = s.another(t)
	o.script(t, `{"cached":"evil"}`)
	b, _ = made(t, o.options())
	text, err = os.ReadFile(filepath.Join(b.cacheFolder(), cacheList))
	if err != nil || strings.Contains(string(text), diffID("evil")) || !strings.Contains(o.said.String(), "the next build makes a/engine@1:build anew") {
		t.Errorf("the cache has %s, %v\n%s", text, err, &o.said)
	}
	o = s.another(t)
	o.script(t, `{"node":"of elsewhere","metadata":"22"}`)
	if _, err := once(t, o.options()); err != nil {
		t.Fatal(err)
	}
	b, _ = made(t, o.options())
	if got := b.call(t).Layers; slices.Contains(got, diffID("of elsewhere")) || !slices.Contains(got, diffID("a module")) {
		t.Errorf("what nothing is known of is taken again: got %q", got)
	}
}

// A permanent failure is remembered, and a temporary one is retried.
func TestALayerThatCannotBeMadeBeforehandIsDoneWithout(t *testing.T) {
	t.Parallel()
	const noSeed = "the builder makes no layer beforehand: "
	for kind, rows := range map[builderKind][]struct {
		name, script string
		again        bool
		note         string
	}{
		bringing: {
			{"a seed that no buildpack makes", `{"status":{"building":51},"say":"ERROR: failed to build: exit status 1"}`, false, noSeed},
			{"a seed that fails by chance", `{"status":{"building":62},"say":"ERROR: x"}`, true, noSeed},
			{"a seed that no disk holds", `{"status":{"building":51},"print":["write x: no space left on device"],"say":"ERROR: failed to build: exit status 1"}`, true, noSeed},
		},
		declaring: {
			{"a reference that no buildpack makes", `{"status":{"building":51},"say":"ERROR: failed to build: exit status 1"}`, false, "they cannot be made: "},
			{"a reference that fails by chance", `{"status":{"building":62},"say":"ERROR: x"}`, true, "they cannot be made now: "},
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			for _, tc := range rows { // sequential: they share the builder
				t.Run(tc.name, func(t *testing.T) {
					s := forgetting(t, kind, tc.script)
					s.script(t, `{}`)
					b, _ := made(t, s.options())
					if c := b.call(t); c.Previous != "" || !strings.Contains(s.said.String(), tc.note) {
						t.Errorf("the lifecycle finds %q\n%s", c.Previous, &s.said)
					}
					b.Close()
					o := s.another(t)
					o.script(t, `{}`)
					if _, err := once(t, o.options()); err != nil {
						t.Fatal(err)
					}
					if again := strings.Contains(o.said.String(), tc.note); again != tc.again {
						t.Errorf("it is tried again: %v, want %v\n%s", again, tc.again, &o.said)
					}
				})
			}
		})
	}
}

// bare returns a build with a home, before anything else.
func bare(t *testing.T) *Build {
	t.Helper()
	return bareIn(t, openHome(t))
}

func bareIn(t *testing.T, h home.Home) *Build {
	t.Helper()
	b := &Build{Options: Options{Home: h, Way: sandbox.Users, Host: hostTarget(t), Target: hostTarget(t), Log: progress.New(nil)}, root: t.TempDir(), builder: &builder{}}
	b.kept = &home.Build{Dir: t.TempDir()}
	var err error
	if b.blobs, err = loopback.OpenBlobs(b.kept.Dir + "/blobs"); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestASeedIsForBuildsThatItSavesTime(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Build)
	}{
		{"a rebase", func(b *Build) { b.Rebase = emptyFor("linux", "amd64", nil) }},
		{"a seed", func(b *Build) { b.seeding = true }},
		{"an emulated build", func(b *Build) { b.Host = other(b.Host) }},
		{"a builder that brings nothing", func(b *Build) { os.RemoveAll(b.root + "/cnb") }},
	} {
		b := bare(t)
		write(t, b.root+"/cnb/buildpacks/a_engine/1/dependencies/x", "")
		write(t, b.Home.Dir+"/roots/"+b.seedName()+"/x", "")
		tc.change(b)
		if err := os.RemoveAll(b.Home.Dir); err != nil { // making a seed fails
			t.Fatal(err)
		}
		if err := b.begin(t.Context()); err != nil || b.seed != nil {
			t.Errorf("%s: got %v, %v", tc.name, b.seed, err)
		}
	}
	b := bare(t)
	write(t, b.root+"/cnb/buildpacks/a_engine/1/dependencies/x", "")
	if found, err := b.bringing(); err != nil || !slices.Equal(found, []string{"a_engine"}) {
		t.Errorf("got %q, %v", found, err)
	}
	name := b.seedName()
	if b.Small = true; b.seedName() == name {
		t.Error("layers that are compressed well have the name of others")
	}
}

func TestAReferenceIsMadeWhereItTellsSomething(t *testing.T) {
	for name, change := range map[string]func(*Build){
		"an emulated build": func(b *Build) { b.Host = other(b.Host) },
		"other buildpacks":  func(b *Build) { b.Buildpacks = order.Request{Buildpacks: []order.Locator{{Name: "x"}}} },
	} {
		b := bare(t)
		change(b)
		if err := os.RemoveAll(b.Home.Dir); err != nil {
			t.Fatal(err)
		}
		if known, err := b.reference(t.Context()); err != nil || len(known.Layers) != 0 {
			t.Errorf("%s: got %v, %v", name, known, err)
		}
	}
}

func TestNothingIsComparedOfARebaseAndOfASeed(t *testing.T) {
	lying := exported{image: emptyFor("linux", "amd64", map[string]string{labels.Lifecycle: "no JSON"})}
	for name, change := range map[string]func(*Build){
		"a rebase": func(b *Build) { b.Rebase = lying.image }, "a seed": func(b *Build) { b.seeding = true }, "nothing declared": func(b *Build) { b.clean.Declared = nil },
	} {
		b := bare(t)
		b.clean.Declared = []layerName{"a/engine@1:node"}
		if _, err := b.verify(t.Context(), lying); err == nil {
			t.Error("a label that cannot be read: got no error")
		}
		change(b)
		if right, err := b.verify(t.Context(), lying); err != nil || len(right) != 0 {
			t.Errorf("%s: got %v, %v", name, right, err)
		}
	}
}
