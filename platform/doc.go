//go:build linux

// Package platform makes container images of apps with Cloud Native Buildpacks,
// and runs, describes and rebases them: it is what the specification calls a
// platform, and drives the lifecycle that a builder has. It needs no container
// engine and, where the kernel has user namespaces, not to be root.
//
// [Build], [Rebase], [Run], [Inspect], [Prune] and [Doctor] each take a request of
// plain data, whose zero fields mean what most people want. What somebody can mend
// is a [*Failure]. Any number of calls may run at once, in this process and in
// others. Nothing is printed: a build tells how it goes to a [Progress].
// Of this process's environment nothing is read but what a request's Getenv passes
// on; what a request does not replace, such as docker login's credentials, the
// libraries for it find as they always do.
//
// A sandbox is made by processes that run this program's own executable again, so
// that main must call [Reexec] before everything else.
package platform

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Reexec must be the first thing that main does. In the processes that this
// package starts it does their work and ends them; in any other it returns.
func Reexec() {
	sandbox.Reexec()
	home.Reexec()
}

// Failure is an error that somebody can mend: it has an id that stays the same
// from release to release, a cause, and a remedy.
type Failure = failure.Failure

// Explain makes a [*Failure] of an error that this machine's owner can mend, and
// leaves others as they are. All errors of this package have been explained.
func Explain(err error) error {
	var f *failure.Failure
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case errors.Is(err, sandbox.ErrLimit):
		return sandbox.Refused(err)
	case errors.Is(err, sandbox.ErrTooLong):
		return &failure.Failure{ID: "environment-too-large", Cause: "the system refuses the program", Err: err, Remedy: "give fewer and shorter variables and arguments; what is large belongs into a file."}
	case diskfull.Is(err):
		return diskfull.Failure("writing", err, "", "--cache-dir")
	case errors.Is(err, syscall.EROFS):
		return &failure.Failure{ID: "cache-dir-unusable", Cause: "writing to a file system that is read-only", Err: err, Remedy: "name a folder that you can write to with --cache-dir."}
	case errors.Is(err, fs.ErrPermission):
		return &failure.Failure{ID: "not-permitted", Cause: "opening what belongs to somebody else", Err: err, Remedy: "change its permissions, or run armature as its owner."}
	}
	return err
}

// explain is Explain for an operation's named result.
func explain(err *error) { *err = Explain(*err) }
