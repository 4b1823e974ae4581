//go:build linux

package rootfs

import (
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// An image may unpack to alwaysAllowed bytes, or to inflation times its compressed
// size, which layers of programs never reach.
const (
	alwaysAllowed = 2 << 30
	inflation     = 100
)

// room limits the unpacked size.
type room struct {
	most    int64 // maximal bytes; no limit when 0
	taken   int64 // bytes written
	unasked int64 // bytes since the last check of free disk space
}

// mostBytes returns the limit for layers.
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

// fits returns an error if a file, or a small file with those after it, does not
// fit on the disk.
func fits(file *os.File, size int64) error {
	if size >= diskfull.Large {
		return diskfull.Fits(file, size, "it")
	}
	return diskfull.Fits(file, diskfull.Large, "it and the files after it")
}

// take returns an error if a file is too large, before it is written. The disk
// space for small files is checked for several at once. A few bytes of archive
// can claim any file size (sparse files), or decompress to a thousand times as
// many.
func (r *room) take(file *os.File, size int64) error {
	r.taken += size
	r.unasked += size
	if r.unasked < diskfull.Large {
		return nil
	}
	r.unasked = 0
	if err := fits(file, size); err != nil {
		return err
	}
	if r.most > 0 && r.taken > r.most {
		return fmt.Errorf("with it there are %d bytes, want at most %d of an image of this size", r.taken, r.most)
	}
	return nil
}
