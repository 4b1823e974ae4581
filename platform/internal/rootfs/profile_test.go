//go:build linux

package rootfs_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/armature-cnb/armature/internal/oci/profiletest"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// BenchmarkUnpack unpacks a complete builder, as the first build does.
func BenchmarkUnpack(b *testing.B) {
	image := profiletest.Builder(b)
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		to := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(to, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := rootfs.Unpack(b.Context(), to, image, rootfs.Options{}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := os.RemoveAll(to); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
