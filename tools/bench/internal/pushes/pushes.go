// Package pushes is a loopback registry that counts the bytes pushed to it.
package pushes

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry is a running registry that stores everything in memory.
type Registry struct {
	Address string // host and port
	server  *http.Server
	ended   chan error
	bytes   atomic.Int64
}

// Serve starts a registry. The caller must Close it.
func Serve() (*Registry, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Registry{Address: listener.Addr().String(), ended: make(chan error, 1)}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	r.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		request.Body = &counted{ReadCloser: request.Body, bytes: &r.bytes}
		inner.ServeHTTP(w, request)
	})}
	go func() { r.ended <- r.server.Serve(listener) }()
	return r, nil
}

// Taken returns the bytes of blobs and manifests, without headers, since the
// last call.
func (r *Registry) Taken() int64 { return r.bytes.Swap(0) }

// Close ends it.
func (r *Registry) Close() error {
	err := r.server.Close()
	if ended := <-r.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// counted counts the bytes of a request as they are read.
type counted struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}
