//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// While the image and a sandbox are looked for, signals end ctx; from then on they
// are passed on. None may come in between.
func TestASignalBeforeAnybodyPassesItOnEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, stop, err := graceful(ctx)
	stop()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was interrupted", err)
	}
}

func TestASignalIsPassedOnAndTheSecondKills(t *testing.T) {
	ctx, signals, stop, err := graceful(t.Context())
	defer stop()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if ctx.Err() != nil {
			t.Fatal("it is killed before it was told twice")
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-signals:
			if got != syscall.SIGTERM {
				t.Errorf("got %v", got)
			}
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
			t.Fatal("nobody heard of it")
		}
	}
	if ctx.Err() == nil {
		t.Error("it is not killed")
	}
}
