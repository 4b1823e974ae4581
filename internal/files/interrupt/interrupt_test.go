package interrupt_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/files/interrupt"
)

func TestAReaderEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader := interrupt.Reader(ctx, strings.NewReader("abc"))
	first := make([]byte, 1)
	if n, err := reader.Read(first); n != 1 || err != nil || first[0] != 'a' {
		t.Fatalf("got %d bytes %q, %v", n, first, err)
	}
	cancel()
	if rest, err := io.ReadAll(reader); len(rest) != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v after the context's end, want nothing and its error", rest, err)
	}
}
