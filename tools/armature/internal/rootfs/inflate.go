//go:build linux

package rootfs

import (
	"bufio"
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// ahead is how many bytes are inflated while those before them are written.
const ahead = 1 << 20

// inflated reads what a layer's archive holds, ahead of who reads it. Layers
// that gzip did not make are read as they come.
func inflated(layer v1.Layer) (io.ReadCloser, error) {
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
	buffered := bufio.NewReaderSize(compressed, ahead)
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(err, compressed.Close())
	}
	read, write := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := io.CopyBuffer(struct{ io.Writer }{write}, struct{ io.Reader }{plain}, make([]byte, ahead))
		write.CloseWithError(errors.Join(err, compressed.Close()))
	}()
	return &inflating{PipeReader: read, ended: ended}, nil
}

// inflating is a pipe at whose other end somebody inflates.
type inflating struct {
	*io.PipeReader
	ended chan struct{}
}

// Close ends that, and waits for its end.
func (i *inflating) Close() error {
	err := i.PipeReader.Close()
	<-i.ended
	return err
}
