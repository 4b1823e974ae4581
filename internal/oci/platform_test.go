package oci_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

func TestImageChoosesByPlatformAndNeverTheNextBest(t *testing.T) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if _, err := layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})); err != nil {
		t.Fatal(err)
	}
	if _, err := oci.Image(dir, targets.LinuxAMD64); err != nil {
		t.Error(err)
	}
	_, err = oci.Image(dir, targets.LinuxARM64)
	if err == nil || !strings.Contains(err.Error(), "has images for linux/amd64, want linux/arm64") {
		t.Errorf("got %v", err)
	}
	if _, err := oci.Image(t.TempDir(), targets.LinuxARM64); err == nil {
		t.Error("a folder that is no layout: got no error")
	}
}

func TestAnImageWhoseLayersAreNotWhatItSaysCannotBeRead(t *testing.T) {
	layered, err := random.Image(64, 2)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := layered.Layers()
	if err != nil {
		t.Fatal(err)
	}
	first, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	saying := func(layers int) v1.Image {
		image, err := mutate.ConfigFile(layered, &v1.ConfigFile{OS: "linux", Architecture: "arm64", RootFS: v1.RootFS{DiffIDs: slices.Repeat([]v1.Hash{first}, layers)}})
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	for _, tc := range []struct {
		name  string
		image v1.Image
		spoil func(blob string) error
		want  string // in the error; none when empty
	}{
		{"whole", saying(2), nil, ""},
		{"fewer in the configuration", saying(1), nil, "has 2 layers, its configuration says 1"},
		{"one is longer", saying(2), func(blob string) error { return os.Truncate(blob, 1<<20) }, "has 1048576 bytes, its manifest says"},
		{"one is missing", saying(2), os.Remove, "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "layout")
			if err := oci.WriteLayout(dir, tc.image); err != nil {
				t.Fatal(err)
			}
			if tc.spoil != nil {
				if err := tc.spoil(filepath.Join(dir, "blobs", first.Algorithm, first.Hex)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := oci.Image(dir, targets.LinuxARM64); tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
