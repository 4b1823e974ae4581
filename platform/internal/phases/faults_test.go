//go:build linux

package phases

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

var errFault = errors.New("the disk is on fire")

// faulty is an image whose methods succeed left times, and then fail once, like
// one with unreadable blobs.
type faulty struct {
	v1.Image
	left *int
}

func fault[T any](left *int, answer func() (T, error)) (T, error) {
	*left--
	if *left == 0 {
		var none T
		return none, errFault
	}
	return answer()
}

func (f faulty) Digest() (v1.Hash, error)            { return fault(f.left, f.Image.Digest) }
func (f faulty) ConfigName() (v1.Hash, error)        { return fault(f.left, f.Image.ConfigName) }
func (f faulty) ConfigFile() (*v1.ConfigFile, error) { return fault(f.left, f.Image.ConfigFile) }
func (f faulty) RawConfigFile() ([]byte, error)      { return fault(f.left, f.Image.RawConfigFile) }
func (f faulty) Manifest() (*v1.Manifest, error)     { return fault(f.left, f.Image.Manifest) }
func (f faulty) RawManifest() ([]byte, error)        { return fault(f.left, f.Image.RawManifest) }
func (f faulty) Layers() ([]v1.Layer, error)         { return fault(f.left, f.Image.Layers) }
func (f faulty) LayerByDiffID(id v1.Hash) (v1.Layer, error) {
	layer, err := fault(f.left, func() (v1.Layer, error) { return f.Image.LayerByDiffID(id) })
	return faultyLayer{layer, f.left}, err
}

type faultyLayer struct {
	v1.Layer
	left *int
}

func (f faultyLayer) Digest() (v1.Hash, error) { return fault(f.left, f.Layer.Digest) }
func (f faultyLayer) Size() (int64, error)     { return fault(f.left, f.Layer.Size) }

// labelled returns an image of the stand-in on a run image, with its
// configuration.
func labelled(t *testing.T, to targets.Target) (run, image v1.Image) {
	t.Helper()
	run = runImageFor(t, to, "run")
	t.Setenv("CNB_PLATFORM_API", "0.14")
	image, err := (&standIn{script: script{Node: "node", Metadata: "24", Launcher: "launcher"}}).on(run, runImageName+":latest")
	if err != nil {
		t.Fatal(err)
	}
	return run, image
}

// An image in a registry or in files can fail at any time.
func TestNoErrorOfAnImageIsPassedOver(t *testing.T) {
	host := hostTarget(t)
	run, image := labelled(t, host)
	builderImage := emptyFor("linux", "amd64", map[string]string{labels.Builder: goodLabel}, "CNB_USER_ID=1001", "CNB_GROUP_ID=1000")
	cache := emptyFor("linux", "amd64", map[string]string{labels.Cache: `{"buildpacks":[{"key":"a/engine","version":"1","layers":{}}]}`})
	about := map[string]any{"data": map[string]any{"version": "24"}, "launch": true}
	h := openHome(t)
	newBuild := func() *Build {
		b := bareIn(t, h)
		b.run, b.builder, b.CacheImage = &runImage{image: run}, &builder{platformAPI: "0.14"}, "registry.example/cache"
		b.clean = cleanLayers{Declared: []layerName{"a/engine@1:node"}, Layers: []cleanLayer{{Name: "a/engine@1:node", About: about, SHA: diffID("node")}}}
		var err error
		if b.work, err = b.Home.NewWork(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.work.Close() })
		write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
		put(t, b.blobs, image)
		write(t, b.cacheFolder()+"/x", "")
		return b
	}
	for _, tc := range []struct {
		name  string
		image v1.Image
		do    func(*Build, v1.Image) error
	}{
		{"the builder", builderImage, func(_ *Build, image v1.Image) error { _, err := readBuilder(image, "x"); return err }},
		{"what is made", image, func(b *Build, image v1.Image) error { return b.check(image) }},
		{"the run image below it", run, func(b *Build, run v1.Image) error { b.run.image = run; return b.check(image) }},
		{"what it says", image, func(b *Build, image v1.Image) error { return b.checkSaid(image) }},
		{"what the run image says", run, func(b *Build, run v1.Image) error { b.run.image = run; return b.checkSaid(image) }},
		{"its labels", image, func(b *Build, image v1.Image) error {
			b.Labels = map[string]string{"declared": "yes"}
			return b.checkLabels(image)
		}},
		{"its blobs", image, func(_ *Build, image v1.Image) error { _, err := blobsOf(image); return err }},
		{"the names of its blobs", image, func(_ *Build, image v1.Image) error { _, err := blobNames(image); return err }},
		{"what is in the registry", image, func(b *Build, image v1.Image) error { _, err := b.fromBlobs(image); return err }},
		{"what was before", image, func(b *Build, image v1.Image) error {
			b.before = image
			_, err := b.smaller(t.Context(), image)
			return err
		}},
		{"what a seed is made of", image, func(b *Build, image v1.Image) error {
			dir := t.TempDir()
			return b.leave(image, dir, []string{"a_engine"})
		}},
		{"what is known", image, func(b *Build, image v1.Image) error { return b.leaveClean(image, t.TempDir()) }},
		{"what is compared", image, func(b *Build, image v1.Image) error {
			_, err := b.verify(t.Context(), exported{image: image, cache: cache})
			return err
		}},
		{"the cache that is compared", cache, func(b *Build, cache v1.Image) error {
			_, err := b.verify(t.Context(), exported{image: image, cache: cache})
			return err
		}},
		{"a cache image", cache, func(b *Build, cache v1.Image) error { _, err := b.cachedLayers(cache); return err }},
		{"what goes on without its layers", image, func(b *Build, image v1.Image) error { _, err := b.withoutUnverified(image); return err }},
		{"what another target begins with", image, func(b *Build, image v1.Image) error {
			b.first = &Build{blobs: b.blobs}
			return b.beginWith(image)
		}},
	} {
		b := newBuild()
		for n := 1; ; n++ {
			left := n
			b.seed = nil
			err := tc.do(b, faulty{tc.image, &left})
			if left > 0 {
				if err != nil || n == 1 {
					t.Errorf("%s: got %v after %d answers, want it to be asked and to do", tc.name, err, n-1)
				}
				break
			}
			if !errors.Is(err, errFault) && !strings.Contains(fmt.Sprint(err), errFault.Error()) {
				t.Errorf("%s: answer %d is an error: got %v, want it", tc.name, n, err)
			}
		}
	}
}

func TestTheSecondTargetBeginsWithItsSeedAndTheLayersForAnyTarget(t *testing.T) {
	_, image := labelled(t, hostTarget(t))
	metadata, layers, err := layersOf(image, func(name layerName, _ json.RawMessage) bool { return name == "a/engine@1:node" })
	if err != nil {
		t.Fatal(err)
	}
	if layers, err = withLauncher(image, &metadata, layers); err != nil {
		t.Fatal(err)
	}
	seed, err := imageOf(hostTarget(t), metadata, layers)
	if err != nil {
		t.Fatal(err)
	}
	b := bare(t)
	if b.first = bare(t); b.first.blobs == nil {
		t.Fatal("no blobs")
	}
	put(t, b.first.blobs, image)
	b.seed = seed
	if err := b.beginWith(image); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, id := range diffIDsOf(t, b.seed) {
		got = append(got, id.String())
	}
	if want := []string{diffID("node"), diffID("a module"), diffID("launcher")}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got the layers %q, want %q", got, want)
	}
	label := labelOf(t, b.seed)
	for _, want := range []string{`"key":"a/engine"`, `"key":"b/install"`, `"launcher"`} {
		if !strings.Contains(label, want) {
			t.Errorf("its label says %s, want %s in it", label, want)
		}
	}
	for n := 1; ; n++ {
		left := n
		b.seed = faulty{seed, &left}
		err := b.beginWith(image)
		if left > 0 {
			break
		}
		if !strings.Contains(fmt.Sprint(err), errFault.Error()) {
			t.Errorf("answer %d of the seed is an error: got %v, want it", n, err)
		}
	}
	b.seed = nil
	without, err := mutate.ConfigFile(image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{labels.Lifecycle: "{}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.beginWith(without); err != nil || b.seed != nil {
		t.Errorf("an image without such layers: got %v, %v", b.seed, err)
	}
	if b.blobs, err = loopback.OpenBlobs(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if b.first.blobs, err = loopback.OpenBlobs(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := b.beginWith(image); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an image without its blobs: got %v", err)
	}
}
