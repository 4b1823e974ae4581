package scripts

import (
	"testing"
	"time"
)

// Limit lets scripts take a moment only.
func Limit(t *testing.T) {
	before := longest
	longest = 50 * time.Millisecond
	t.Cleanup(func() { longest = before })
}
