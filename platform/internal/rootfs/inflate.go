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

// So many pieces of so many bytes are inflated while those before them are
// written. Large files take longer to inflate than to write, small ones the
// other way round: each side has to have something to do meanwhile.
const (
	ahead = 32
	piece = 1 << 20
)

// pieces is room for what one layer after the other is inflated into.
func pieces() [][]byte {
	all := make([]byte, ahead*piece)
	return slices.Collect(slices.Chunk(all, piece))
}

// inflated reads what a layer's archive holds, ahead of who reads it. Layers
// that gzip did not make are read as they come. The room is free again when the
// reader is closed.
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

// inflating is what somebody else inflates.
type inflating struct {
	io.ReadCloser
	compressed io.Closer
}

// Close ends that, and waits for its end.
func (i *inflating) Close() error {
	return errors.Join(i.ReadCloser.Close(), i.compressed.Close())
}
