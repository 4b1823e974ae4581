//go:build linux

package main

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// Until the image and a sandbox are found, signals cancel ctx; from then on they
// are passed on, without a gap.
func TestASignalBeforeAnybodyPassesItOnEndsTheRun(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		interrupted, cancel := context.WithCancel(t.Context())
		g := newGraceful(interrupted)
		if when == "before" {
			cancel()
		}
		g.start()
		cancel() // as main's context is, by the same signal
		if ended := g.ctx.Err() != nil; ended != (when == "before") || g.killed() {
			t.Errorf("interrupted %s the start: it is ended: %v, and killed: %v", when, ended, g.killed())
		}
		g.stop()
	}
}

func TestASignalIsPassedOnAndTheSecondKills(t *testing.T) {
	g := newGraceful(t.Context())
	defer g.stop()
	g.start()
	for range 2 {
		if g.ctx.Err() != nil {
			t.Fatal("it is killed before it was told twice")
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-g.passed:
			if got != syscall.SIGTERM {
				t.Errorf("got %v", got)
			}
		case <-g.ctx.Done():
		case <-time.After(5 * time.Second):
			t.Fatal("nobody heard of it")
		}
	}
	if !g.killed() {
		t.Error("it is not killed")
	}
}
