package ociimage

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// WriteLayout writes img as an OCI image layout with exactly one manifest into
// the folder dir, whose parent must exist. A layout that is there already is
// replaced as a whole; on an error it stays and nothing new does.
func WriteLayout(dir string, img v1.Image) error {
	dir = filepath.Clean(dir)
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	made := filepath.Join(temp, "new")
	path, err := layout.Write(made, empty.Index)
	if err != nil {
		return fmt.Errorf("writing image layout %s: %w", dir, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	platform := layout.WithPlatform(v1.Platform{OS: config.OS, Architecture: config.Architecture})
	if err := path.AppendImage(img, platform); err != nil {
		return fmt.Errorf("writing image layout %s: %w", dir, err)
	}
	if err := os.Rename(dir, filepath.Join(temp, "old")); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Rename(made, dir)
}

// ReadLayout returns the one image in the OCI image layout dir. A layout with
// no manifest or with several is an error.
func ReadLayout(dir string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("reading image layout %s: %w", dir, err)
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
