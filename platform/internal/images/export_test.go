//go:build linux

package images

import (
	"context"
	"net"
	"testing"
	"time"
)

// Dial replaces the connections of a test.
func Dial(t *testing.T, with func(ctx context.Context, network, address string) (net.Conn, error)) {
	before := dial
	dial = with
	t.Cleanup(func() { dial = before })
}

// SetSilence shortens the time-out of a test's requests.
func SetSilence(t *testing.T, after time.Duration) {
	before := silence
	silence = after
	t.Cleanup(func() { silence = before })
}

// RetrySoon shortens the backoff of a test's requests.
func RetrySoon(t *testing.T) {
	before := retries
	retries.Duration = 10 * time.Millisecond
	t.Cleanup(func() { retries = before })
}

// CredentialsFile is the path of the credentials file in messages.
var CredentialsFile = credentialsFile
