//go:build linux

package loopback_test

import (
	"net"
	"testing"

	"github.com/armature-cnb/armature/internal/oci/profiletest"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// BenchmarkPut writes the layers of a complete builder into a registry.
func BenchmarkPut(b *testing.B) {
	image := profiletest.Builder(b)
	for b.Loop() {
		b.StopTimer()
		blobs, err := loopback.OpenBlobs(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		registry := loopback.Serve(listener, blobs)
		b.StartTimer()
		if err := registry.Put(b.Context(), loopback.AppRepository, image); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := registry.Close(); err != nil {
			b.Fatal(err)
		}
		if err := blobs.Keep(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
