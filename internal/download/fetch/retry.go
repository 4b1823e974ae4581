package fetch

import (
	"context"
	"math/rand/v2"
	"time"
)

// Retrying calls attempt until it succeeds, or until again, which gets its
// error and the number of attempts, returns false. It waits between attempts
// with exponential backoff from pause, plus up to half of that as jitter, and
// at least as long as again returns (the server's Retry-After). It returns the
// last error, also if ctx ends while it waits.
func Retrying(ctx context.Context, pause time.Duration, attempt func() error, again func(err error, attempts int) (asked time.Duration, more bool)) error {
	for n := 1; ; n++ {
		err := attempt()
		if err == nil {
			return nil
		}
		asked, more := again(err, n)
		if !more || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(max(pause+jitter(pause/2), asked)):
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}

// jitter is a random part of most.
func jitter(most time.Duration) time.Duration { return time.Duration(rand.Float64() * float64(most)) }
