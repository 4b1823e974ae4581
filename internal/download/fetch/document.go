package fetch

import (
	"context"
	"fmt"
	"io"
)

// maxDocument is the largest document that [Client.Read] reads, in bytes.
const maxDocument = 64 << 20

// Read returns a document that no checksum pins. Errors are those of
// [Client.Download], without a mismatch.
func (c *Client) Read(ctx context.Context, f File) (text []byte, err error) {
	attempt := func() error {
		text, err = c.read(ctx, f)
		return err
	}
	err = Retrying(ctx, c.Pause, attempt, c.again(ctx, f))
	return text, err
}

func (c *Client) read(ctx context.Context, f File) ([]byte, error) {
	body, _, err := c.open(ctx, f)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err != nil {
		return nil, &UnreachableError{URL: Redact(f.URL), Err: fmt.Errorf("after %d bytes: %w", len(text), err)}
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("reading %s: got more than %d bytes, want at most that", Redact(f.URL), maxDocument)
	}
	return text, nil
}
