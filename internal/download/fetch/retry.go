package fetch

import (
	"context"
	"math/rand/v2"
	"time"
)

// Retrying calls attempt until it succeeds, or again, which gets its error and
// how many attempts there were, says no. It waits between attempts: pause, then
// twice as long each time, up to half of that more by chance, and at least as
// long as again says that the server asked for. It returns the last error, also
// when ctx ends while it waits.
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
		case <-time.After(max(pause+rand.N(pause/2+1), asked)):
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}
