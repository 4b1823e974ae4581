//go:build linux

// Command armature makes container images of Node.js apps, and works with
// them, without a container engine.
//
//	armature build my-app --tag my-app
//
// `armature help` lists the commands; docs/armature.md has all of them.
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

// The exit statuses. Every failure prints an id in brackets, which stays the
// same from release to release; these are its kinds (sysexits.h for those
// above 64).
const (
	statusFailure     = 1   // something the user can mend: the app, the call, this machine
	statusUsage       = 2   // a command or flag that does not exist
	statusInternal    = 70  // a fault in armature or the builder
	statusTransient   = 75  // it may pass: the same call may succeed later
	statusInterrupted = 130 // Ctrl-C, or SIGTERM; run ends with its process's own status
)

// version is the release, set when it is linked.
var version = "development"

func main() {
	platform.Reexec()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second time ends armature at once
	p := &program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, lookup: os.LookupEnv}
	err := p.guarded(func() error { return p.run(ctx, os.Args[1:]) })
	interrupted := ctx.Err() != nil
	stop()
	os.Exit(p.status(err, interrupted))
}

// guarded calls do. A fault of armature's own must not end with the status of a
// wrong flag, as Go's run time has it: it becomes an error. What other goroutines
// end with nobody can catch.
func (p *program) guarded(do func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	return do()
}

// program is what commands share.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	lookup         lookup
	report         *report.Report // of a build, once there is one
}

// usageError is a call that no command understands.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// status prints an error and returns the exit status for it.
func (p *program) status(err error, interrupted bool) int {
	err = platform.Explain(err)
	var f *failure.Failure
	var usage *usageError
	var ended exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return int(ended)
	case interrupted:
		p.say(&failure.Failure{ID: "interrupted"}, "armature: interrupted")
		return statusInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(p.stderr, "armature: %s\n", ansi.CleanLines(usage.Error()))
		return statusUsage
	case errors.As(err, &f):
		err = inItsPlace(err, f)
		p.say(err, err.Error())
		if f.Transient {
			return statusTransient
		}
		return statusFailure
	}
	p.say(err, "[internal] "+err.Error())
	return statusInternal
}

// say tells why a call failed: the programs that follow a build's events, or
// people. An app chose what is in it in part.
func (p *program) say(err error, text string) {
	if p.report == nil || !p.report.Failure(err) {
		fmt.Fprintln(p.stderr, ansi.CleanLines(text))
	}
}
