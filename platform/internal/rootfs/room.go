//go:build linux

package rootfs

import (
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// An image may unpack to so many bytes, whatever its size; beyond that to so many
// times its size, as a layer of programs never is.
const (
	alwaysAllowed = 2 << 30
	inflation     = 100
)

// room counts what is unpacked.
type room struct {
	most    int64 // bytes that may be; any number when 0
	taken   int64 // bytes that are
	unasked int64 // of those, since it was last asked whether they fit
}

// mostBytes is what may become of layers.
func mostBytes(layers []v1.Layer) (int64, error) {
	var compressed int64
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return 0, err
		}
		compressed += size
	}
	return max(alwaysAllowed, compressed*inflation), nil
}

// take is an error when a file's bytes are too many, before the first of them is
// written. Small files are counted, and asked for together: a few bytes of archive
// can say that files have any size (sparse files), or be inflated to a thousand
// times as many.
func (r *room) take(file *os.File, size int64) error {
	r.taken += size
	r.unasked += size
	if r.unasked < diskfull.Large {
		return nil
	}
	r.unasked = 0
	if err := diskfull.Fits(file, max(size, diskfull.Large)); err != nil {
		return err
	}
	if r.most > 0 && r.taken > r.most {
		return fmt.Errorf("with it there are %d bytes, want at most %d of an image of this size", r.taken, r.most)
	}
	return nil
}
