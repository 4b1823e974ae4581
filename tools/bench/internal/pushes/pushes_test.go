package pushes_test

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/tools/bench/internal/pushes"
)

func TestCountsWhatAPushSendsAndNothingThatIsThere(t *testing.T) {
	registry, err := pushes.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	tag, err := name.NewTag(registry.Address + "/bench-app")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(5000, 2)
	if err != nil {
		t.Fatal(err)
	}
	push := func(image v1.Image) int64 {
		t.Helper()
		if err := remote.Write(tag, image, remote.WithContext(t.Context())); err != nil {
			t.Fatal(err)
		}
		return registry.Taken()
	}
	if got, want := push(image), size(t, image); got != want {
		t.Errorf("the first push: got %d bytes, want %d", got, want)
	}
	layer, err := random.Layer(777, "application/vnd.oci.image.layer.v1.tar+gzip")
	if err != nil {
		t.Fatal(err)
	}
	changed, err := mutate.AppendLayers(image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := push(changed), size(t, changed)-size(t, image)+own(t, image); got != want {
		t.Errorf("one more layer: got %d bytes, want the layer, the configuration and the manifest: %d", got, want)
	}
	if got := registry.Taken(); got != 0 {
		t.Errorf("nothing was pushed: got %d bytes", got)
	}
}

// own are the bytes of an image's configuration and manifest.
func own(t *testing.T, image v1.Image) int64 {
	t.Helper()
	config, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(config) + len(manifest))
}

// size are all bytes of an image.
func size(t *testing.T, image v1.Image) int64 {
	t.Helper()
	all := own(t, image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			t.Fatal(err)
		}
		all += size
	}
	return all
}
