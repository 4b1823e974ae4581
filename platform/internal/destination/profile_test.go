//go:build linux

package destination_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/oci/profiletest"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// BenchmarkWrite writes a complete builder to each kind of output that needs no
// server.
func BenchmarkWrite(b *testing.B) {
	image := profiletest.Builder(b)
	tag, err := name.NewTag("profile/builder")
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"oci", "tar"} {
		b.Run(kind, func(b *testing.B) {
			to, err := destination.Parse(kind + ":" + filepath.Join(b.TempDir(), "image"))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := to.Write(b.Context(), home.Home{}, tag, []v1.Image{image}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
