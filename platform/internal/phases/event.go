//go:build linux

package phases

import (
	"context"
	"sync"
)

// event is a one-time event.
type event struct {
	tell func() // signals the event; may be called repeatedly
	told chan struct{}
}

func newEvent() event {
	told := make(chan struct{})
	return event{tell: sync.OnceFunc(func() { close(told) }), told: told}
}

// wait returns when the event has happened, or ctx is done.
func (e event) wait(ctx context.Context) error {
	select {
	case <-e.told:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
