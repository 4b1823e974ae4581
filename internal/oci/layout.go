//go:build linux

package oci

import (
	"errors"
	"fmt"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/files/staging"
)

// WriteLayout writes img as an OCI image layout with exactly one manifest into
// the folder dir, see [WriteIndex].
func WriteLayout(dir string, img v1.Image) error {
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	return WriteIndex(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: config.OS, Architecture: config.Architecture}},
	}))
}

// WriteIndex writes an index as a world-readable OCI image layout into the
// folder dir. It replaces an existing layout atomically ([staging.Stage.Put]);
// on an error the old one stays.
func WriteIndex(dir string, index v1.ImageIndex) (err error) {
	dir = filepath.Clean(dir)
	s, err := staging.New(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	made := s.Path("new")
	if _, err := layout.Write(made, index); err != nil {
		return fmt.Errorf("writing image layout %s: %w", dir, err)
	}
	if err := staging.OpenToAll(made); err != nil {
		return err
	}
	return s.Put(made, dir)
}

// ReadLayout returns the only image of the OCI image layout dir. A layout with
// no manifest or with several is an error.
func ReadLayout(dir string) (v1.Image, error) {
	index, err := ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("reading image layout %s: %w", dir, err)
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, fmt.Errorf("reading image layout %s: got %d manifests, want 1", dir, n)
	}
	return index.Image(manifest.Manifests[0].Digest)
}
