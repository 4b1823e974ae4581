//go:build linux

package rootfs

import (
	"bufio"
	"errors"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/readahead"
)

// The number and size of the pieces that are decompressed ahead of writing. Large
// files take longer to decompress than to write, small ones the other way round:
// the buffer keeps both sides busy.
const (
	ahead = 32
	piece = 1 << 20
)

// pieces allocates the buffers, which all layers share.
func pieces() [][]byte {
	all := make([]byte, ahead*piece)
	return slices.Collect(slices.Chunk(all, piece))
}

// inflated decompresses a layer ahead of its reader. Layers without gzip are read
// directly. Closing the reader releases the buffers.
func inflated(layer v1.Layer, room [][]byte) (io.ReadCloser, error) {
	kind, err := layer.MediaType()
	if err != nil {
		return nil, err
	}
	if kind != types.OCILayer && kind != types.DockerLayer {
		return layer.Uncompressed()
	}
	compressed, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(compressed, piece)
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(err, compressed.Close())
	}
	read, err := readahead.NewReaderBuffer(struct{ io.Reader }{plain}, room)
	if err != nil {
		return nil, errors.Join(err, compressed.Close())
	}
	return &inflating{ReadCloser: read, compressed: compressed}, nil
}

// inflating is a layer that another goroutine decompresses.
type inflating struct {
	io.ReadCloser
	compressed io.Closer
}

// Close stops the decompression, and waits for its end.
func (i *inflating) Close() error {
	return errors.Join(i.ReadCloser.Close(), i.compressed.Close())
}
