//go:build linux

// Command armature makes container images of Node.js apps, and runs, inspects and
// rebases them, without a container engine.
//
//	armature build my-app --tag my-app
//
// `armature help` lists the commands; docs/armature.md describes them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// issues is where faults of armature are reported.
const issues = "https://github.com/armature-cnb/armature/issues"

// The exit statuses. Every failure also prints a stable id in brackets; a status is
// the kind of failure (sysexits.h for those above 64).
const (
	statusFailure     = 1   // the user can fix it: the app, the call, this machine
	statusUsage       = 2   // unknown command or flag, or invalid arguments
	statusInternal    = 70  // a bug in armature or the builder
	statusTransient   = 75  // temporary: the same call may succeed later
	statusInterrupted = 130 // Ctrl-C, or SIGTERM; run returns its process's own status
)

// version is the release, set by the linker.
var version = "development"

func main() {
	platform.Reexec()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends armature at once
	p := &program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, lookup: os.LookupEnv}
	err := p.guarded(func() error { return p.run(ctx, os.Args[1:]) })
	interrupted := ctx.Err() != nil
	stop()
	os.Exit(p.status(err, interrupted))
}

// guarded calls do and turns a panic into an error: the status of Go's run time, 2,
// would mean a wrong flag. Panics of other goroutines cannot be recovered here.
func (p *program) guarded(do func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	return do()
}

// program is the state that commands share.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	lookup         lookup
	report         *report.Report // of a build, once it runs
}

// usageError is an invalid call.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// status prints an error and returns its exit status.
func (p *program) status(err error, interrupted bool) int {
	shown, status := classify(err)
	var usage *usageError
	var ended exitStatus
	switch {
	case err == nil || errors.As(err, &ended):
	case interrupted:
		p.say(&failure.Failure{ID: "interrupted"}, "armature: interrupted")
		return statusInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(p.stderr, "armature: %s\n", ansi.CleanLines(usage.Error()))
	default:
		p.say(shown, shown.Error())
	}
	return status
}

// classify returns an error as it is shown, and its exit status.
func classify(err error) (error, int) {
	err = platform.Explain(err)
	var f *failure.Failure
	var usage *usageError
	var ended exitStatus
	switch {
	case err == nil:
		return nil, 0
	case errors.As(err, &ended):
		return err, int(ended)
	case errors.As(err, &usage):
		return err, statusUsage
	case errors.As(err, &f):
		err = inItsPlace(err, f)
		if f.Transient {
			return err, statusTransient
		}
		return err, statusFailure
	}
	return &failure.Failure{ID: "internal", Cause: err.Error(), Remedy: "report it, with what stands above, at " + issues + "; it is a fault of armature or of the builder."}, statusInternal
}

// say prints why a call failed: as an event for programs, or as escaped text for
// people, because parts of it may come from the app.
func (p *program) say(err error, text string) {
	if p.report == nil || !p.report.Failure(err) {
		fmt.Fprintln(p.stderr, ansi.CleanLines(text))
	}
}
