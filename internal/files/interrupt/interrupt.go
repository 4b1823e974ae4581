// Package interrupt ends long reads when their context does.
package interrupt

import (
	"context"
	"io"
)

// Reader is a reader of the same bytes that returns the context's error once
// the context is done. It does not interrupt a read in progress.
func Reader(ctx context.Context, from io.Reader) io.Reader { return reader{ctx, from} }

type reader struct {
	ctx  context.Context
	from io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}
