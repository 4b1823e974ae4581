// Package step logs a tool's steps: a line when a slow step starts, and one
// with its seconds when it ends.
package step

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

// Main runs a tool until it ends or is interrupted, and returns its exit
// status: 0, 1 for an error, 130 if interrupted. It prints the error once,
// after the tool's cleanup.
func Main(name string, run func(ctx context.Context, args []string, log io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil:
	case interrupted:
		fmt.Fprintf(os.Stderr, "%s: interrupted\n", name)
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, err)
		os.Exit(1)
	}
}

// Do runs one step between two log lines.
func Do(log io.Writer, what string, do func() error) error {
	fmt.Fprintf(log, "  %s ...\n", what)
	start := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(log, "  %s: %.1f s\n", what, time.Since(start).Seconds())
	return nil
}

// Run executes a command with this program's environment and env. Its output
// goes to log or, if log is nil, into the error if it fails.
func Run(ctx context.Context, log io.Writer, env []string, name string, args ...string) error {
	_, err := execute(ctx, log, env, name, args)
	return err
}

// Output is [Run], but returns the trimmed standard output.
func Output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	return execute(ctx, nil, env, name, args)
}

func execute(ctx context.Context, log io.Writer, env []string, name string, args []string) (string, error) {
	out, left, err := program.Output(ctx, log, env, name, args...)
	if len(left) > 0 {
		fmt.Fprintf(os.Stderr, "%s has left behind, and was ended: %s\n", name, program.Names(left))
	}
	return out, err
}
