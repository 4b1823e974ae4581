package oci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// Size limits in bytes of a manifest or index, as in registries (Distribution
// spec, "Pushing Manifests"), and of an image's configuration.
const (
	MaxManifest = 4 << 20
	maxConfig   = 16 << 20
)

// ReadIndex returns the index of the OCI image layout dir, which may be
// untrusted: it reads only regular files inside the folder, and checks size and
// digest of indexes, manifests and configurations. Callers read the layers, and
// must check their digests.
func ReadIndex(dir string) (v1.ImageIndex, error) {
	l := layoutDir(dir)
	raw, err := l.read("index.json", MaxManifest)
	if err != nil {
		return nil, fmt.Errorf("reading image layout %s: %w", dir, err)
	}
	index, err := l.index(raw, types.OCIImageIndex)
	if err != nil {
		return nil, fmt.Errorf("reading image layout %s: %w", dir, err)
	}
	return index, nil
}

// layoutDir is the folder of a layout.
type layoutDir string

// open opens a regular file of the layout.
func (l layoutDir) open(path string) (*os.File, error) {
	root, err := os.OpenRoot(string(l))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return regular.Open(root, path)
}

func (l layoutDir) read(path string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(string(l))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return regular.Read(root, path, most)
}

func blobPath(digest v1.Hash) string { return path.Join("blobs", digest.Algorithm, digest.Hex) }

// blob returns a blob after checking its digest.
func (l layoutDir) blob(digest v1.Hash, most int64) ([]byte, error) {
	text, err := l.read(blobPath(digest), most)
	if err != nil {
		return nil, err
	}
	sum, err := v1.Hasher(digest.Algorithm)
	if err != nil {
		return nil, err
	}
	sum.Write(text)
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != digest.Hex {
		return nil, fmt.Errorf("the blob %s has the digest %s:%s", digest, digest.Algorithm, got)
	}
	return text, nil
}

func (l layoutDir) index(raw []byte, kind types.MediaType) (v1.ImageIndex, error) {
	manifest, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return &layoutIndex{dir: l, raw: raw, manifest: manifest, kind: kind}, nil
}

// layoutIndex is a [v1.ImageIndex].
type layoutIndex struct {
	dir      layoutDir
	raw      []byte
	manifest *v1.IndexManifest
	kind     types.MediaType
}

func (i *layoutIndex) MediaType() (types.MediaType, error) { return i.kind, nil }

func (i *layoutIndex) Digest() (v1.Hash, error) { return partial.Digest(i) }

func (i *layoutIndex) Size() (int64, error) { return partial.Size(i) }

func (i *layoutIndex) RawManifest() ([]byte, error) { return i.raw, nil }

func (i *layoutIndex) IndexManifest() (*v1.IndexManifest, error) { return i.manifest.DeepCopy(), nil }

// Image reads the manifest of one of the images.
func (i *layoutIndex) Image(digest v1.Hash) (v1.Image, error) {
	one, raw, err := i.entry(digest)
	if err != nil {
		return nil, err
	}
	if !one.MediaType.IsImage() {
		return nil, fmt.Errorf("%s is %s, want the manifest of an image", digest, one.MediaType)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&layoutImage{dir: i.dir, kind: one.MediaType, raw: raw, manifest: manifest})
}

// ImageIndex reads one of the indexes.
func (i *layoutIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	one, raw, err := i.entry(digest)
	if err != nil {
		return nil, err
	}
	if !one.MediaType.IsIndex() {
		return nil, fmt.Errorf("%s is %s, want an index", digest, one.MediaType)
	}
	return i.dir.index(raw, one.MediaType)
}

// entry reads the blob of a manifest's descriptor.
func (i *layoutIndex) entry(digest v1.Hash) (v1.Descriptor, []byte, error) {
	for _, one := range i.manifest.Manifests {
		if one.Digest == digest {
			raw, err := i.dir.blob(digest, MaxManifest)
			return one, raw, err
		}
	}
	return v1.Descriptor{}, nil, fmt.Errorf("the index has no %s", digest)
}

// layoutImage is a [partial.CompressedImageCore].
type layoutImage struct {
	dir      layoutDir
	kind     types.MediaType
	raw      []byte
	manifest *v1.Manifest
}

func (i *layoutImage) MediaType() (types.MediaType, error) { return i.kind, nil }

func (i *layoutImage) RawManifest() ([]byte, error) { return i.raw, nil }

func (i *layoutImage) RawConfigFile() ([]byte, error) {
	return i.dir.blob(i.manifest.Config.Digest, maxConfig)
}

func (i *layoutImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for _, one := range append([]v1.Descriptor{i.manifest.Config}, i.manifest.Layers...) {
		if one.Digest == digest {
			return &layoutBlob{dir: i.dir, descriptor: one}, nil
		}
	}
	return nil, fmt.Errorf("the image has no layer %s", digest)
}

// layoutBlob is a [partial.CompressedLayer].
type layoutBlob struct {
	dir        layoutDir
	descriptor v1.Descriptor
}

func (b *layoutBlob) Digest() (v1.Hash, error) { return b.descriptor.Digest, nil }

func (b *layoutBlob) Size() (int64, error) { return b.descriptor.Size, nil }

func (b *layoutBlob) MediaType() (types.MediaType, error) { return b.descriptor.MediaType, nil }

// Descriptor keeps annotations (partial.Descriptor).
func (b *layoutBlob) Descriptor() (*v1.Descriptor, error) { return &b.descriptor, nil }

// Compressed opens the blob, which must have the size in the manifest.
func (b *layoutBlob) Compressed() (io.ReadCloser, error) {
	file, err := b.dir.open(blobPath(b.descriptor.Digest))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() != b.descriptor.Size {
		err = fmt.Errorf("the blob %s has %d bytes, its manifest says %d", b.descriptor.Digest, info.Size(), b.descriptor.Size)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
