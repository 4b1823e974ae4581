//go:build linux

package rootfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Layers of zeros decompress to a thousand times their size, and many small files
// take as much as a large one.
func TestAnImageThatUnpacksToTooMuchIsAnError(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int64{1 << 20, 63 << 20, 80 << 20} {
		r := room{most: 200 << 20}
		for err = nil; err == nil && r.taken < 1<<30; {
			err = r.take(file, size)
		}
		if err == nil || !strings.Contains(err.Error(), "want at most 209715200") || r.taken > 300<<20 {
			t.Errorf("files of %d bytes: got %v after %d", size, err, r.taken)
		}
	}
}

func TestALargeImageMayUnpackToMore(t *testing.T) {
	small, large := static.NewLayer(make([]byte, 1000), types.OCILayer), static.NewLayer(make([]byte, 30<<20), types.OCILayer)
	for _, tc := range []struct {
		layers []v1.Layer
		want   int64
	}{{[]v1.Layer{small}, 2 << 30}, {[]v1.Layer{large, large}, 6000 << 20}} {
		if got, err := mostBytes(tc.layers); err != nil || got != tc.want {
			t.Errorf("got %d, %v, want %d", got, err, tc.want)
		}
	}
}
