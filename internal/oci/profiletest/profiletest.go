// Package profiletest opens the builder that `make profile` measures with.
package profiletest

import (
	"os"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// Builder returns the builder for this machine from the layout in
// ARMATURE_PROFILE_BUILDER; without one it skips the benchmark.
func Builder(b *testing.B) v1.Image {
	b.Helper()
	layout := os.Getenv("ARMATURE_PROFILE_BUILDER")
	if layout == "" {
		b.Skip("ARMATURE_PROFILE_BUILDER names no builder: run make profile")
	}
	host, err := targets.Host()
	if err != nil {
		b.Fatal(err)
	}
	image, err := oci.Image(layout, host)
	if err != nil {
		b.Fatal(err)
	}
	return image
}
