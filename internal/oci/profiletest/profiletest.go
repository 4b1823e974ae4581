// Package profiletest opens the builder that `make profile` measures with.
package profiletest

import (
	"os"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// Builder is the builder for this machine in the layout that
// ARMATURE_PROFILE_BUILDER names; a benchmark without one is skipped.
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
