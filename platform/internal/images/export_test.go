//go:build linux

package images

import (
	"context"
	"net"
	"testing"
	"time"
)

// Dial has connections of a test made in another way.
func Dial(t *testing.T, with func(ctx context.Context, network, address string) (net.Conn, error)) {
	before := dial
	dial = with
	t.Cleanup(func() { dial = before })
}

// SetSilence has requests of a test fail after less than people wait.
func SetSilence(t *testing.T, after time.Duration) {
	before := silence
	silence = after
	t.Cleanup(func() { silence = before })
}

// RetrySoon has requests of a test made again as often as others, and sooner.
func RetrySoon(t *testing.T) {
	before := retries
	retries.Duration = 10 * time.Millisecond
	t.Cleanup(func() { retries = before })
}

// CredentialsFile is the file that credentials are said to be read from.
var CredentialsFile = credentialsFile
