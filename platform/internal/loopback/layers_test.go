//go:build linux

package loopback_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

func TestReconfiguringSaysWhyItCannot(t *testing.T) {
	image, blobs := stored(t)
	same := func(config []byte) ([]byte, error) { return config, nil }
	if _, err := blobs.Reconfigured(image, func([]byte) ([]byte, error) { return nil, fs.ErrInvalid }); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a change that fails: got %v", err)
	}
	raw, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	spaced, err := blobs.Image(bytes.ReplaceAll(raw, []byte(`"digest":`), []byte(`"digest": `)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Reconfigured(spaced, same); err == nil || !strings.Contains(err.Error(), "0 times") {
		t.Errorf("a manifest with spaces: got %v", err)
	}
	if err := blobs.Keep(); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Reconfigured(spaced, same); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a configuration that is gone: got %v", err)
	}
}

func TestSmallerLeavesNothingBesideTheLayers(t *testing.T) {
	r, blobs := serve(t)
	image := textImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	every := func(v1.Descriptor) bool { return true }
	raw, err := blobs.Smaller(t.Context(), image, every)
	if err != nil {
		t.Fatal(err)
	}
	small, err := blobs.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second gains nothing
		if _, err := blobs.Smaller(t.Context(), small, every); err != nil {
			t.Fatal(err)
		}
		nothingOpen(t, blobs)
	}
	manifest, err := small.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	first := blobs.Path(manifest.Layers[0].Digest)
	if err := os.WriteFile(first, []byte("no gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), small, every); err == nil || !strings.Contains(err.Error(), "reading the layer "+manifest.Layers[0].Digest.String()) {
		t.Errorf("a layer that is no gzip: got %v", err)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), small, every); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a layer that is gone: got %v", err)
	}
	nothingOpen(t, blobs)
}

func TestAConfigurationOfOtherLayersIsRefused(t *testing.T) {
	image, blobs := stored(t)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs = config.RootFS.DiffIDs[:1]
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), image, func(v1.Descriptor) bool { return false }); err == nil || !strings.Contains(err.Error(), "the configuration has 1 layers, the manifest 2") {
		t.Errorf("got %v", err)
	}
}
