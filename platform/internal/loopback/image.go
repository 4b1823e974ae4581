//go:build linux

package loopback

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// Image returns an image whose configuration and layers are blobs. It is readable
// while they are kept.
func (b *Blobs) Image(manifest []byte) (v1.Image, error) {
	parsed, err := v1.ParseManifest(bytes.NewReader(manifest))
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&stored{blobs: b, raw: manifest, manifest: parsed})
}

// Whole reports whether all blobs of an image exist with the right size.
func (b *Blobs) Whole(image v1.Image) bool {
	manifest, err := image.Manifest()
	if err != nil {
		return false
	}
	for _, blob := range append([]v1.Descriptor{manifest.Config}, manifest.Layers...) {
		size, err := b.Stat(context.Background(), "", blob.Digest)
		if err != nil || size != blob.Size {
			return false
		}
	}
	return true
}

// Store stores an image's blobs in this folder, and returns its manifest. Missing
// layers come from the other folder, as links or copies.
func (b *Blobs) Store(image v1.Image, from *Blobs) ([]byte, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	for _, layer := range manifest.Layers {
		if err := b.take(from, layer.Digest); err != nil {
			return nil, err
		}
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return nil, err
	}
	if err := b.Put(context.Background(), "", manifest.Config.Digest, io.NopCloser(bytes.NewReader(config))); err != nil {
		return nil, err
	}
	return image.RawManifest()
}

// stored is the minimal implementation of an image (partial.CompressedImageCore).
type stored struct {
	blobs    *Blobs
	raw      []byte
	manifest *v1.Manifest
}

func (s *stored) RawManifest() ([]byte, error) { return s.raw, nil }

func (s *stored) MediaType() (types.MediaType, error) { return s.manifest.MediaType, nil }

func (s *stored) RawConfigFile() ([]byte, error) {
	return regular.ReadFile(s.blobs.Path(s.manifest.Config.Digest))
}

func (s *stored) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for _, layer := range s.manifest.Layers {
		if layer.Digest == digest {
			return &storedLayer{path: s.blobs.Path(digest), descriptor: layer}, nil
		}
	}
	return nil, fmt.Errorf("the image has no layer %s", digest)
}

type storedLayer struct {
	path       string
	descriptor v1.Descriptor
}

func (l *storedLayer) Digest() (v1.Hash, error) { return l.descriptor.Digest, nil }

func (l *storedLayer) Size() (int64, error) { return l.descriptor.Size, nil }

func (l *storedLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }

func (l *storedLayer) Compressed() (io.ReadCloser, error) { return os.Open(l.path) }

// Reconfigured stores a changed configuration of an image and returns the
// manifest that references it. No other byte of the manifest changes, as its
// digest identifies the image.
func (b *Blobs) Reconfigured(image v1.Image, change func(config []byte) ([]byte, error)) ([]byte, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	raw, err := image.RawManifest()
	if err != nil {
		return nil, err
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return nil, err
	}
	if config, err = change(config); err != nil {
		return nil, err
	}
	digest, size, _ := v1.SHA256(bytes.NewReader(config)) // memory can be read
	if err := b.Put(context.Background(), "", digest, io.NopCloser(bytes.NewReader(config))); err != nil {
		return nil, err
	}
	now := manifest.Config
	now.Digest, now.Size = digest, size
	return replaced(raw, manifest.Config, now)
}

// replaced returns a manifest with one descriptor, which occurs once, replaced.
// No other byte changes.
func replaced(raw []byte, was, is v1.Descriptor) ([]byte, error) {
	before, _ := json.Marshal(was) // a descriptor has only texts and numbers
	after, _ := json.Marshal(is)
	if n := bytes.Count(raw, before); n != 1 {
		return nil, fmt.Errorf("the manifest has %s %d times in the form %s, want once", was.Digest, n, before)
	}
	return bytes.ReplaceAll(raw, before, after), nil
}
