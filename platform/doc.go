//go:build linux

// Package platform makes container images of apps with Cloud Native Buildpacks, and
// runs, inspects and rebases them. It is a platform in the specification's sense:
// it drives the builder's lifecycle. It needs no container engine and, with user
// namespaces, no root.
//
// [Build], [BuildProjects], [Rebase], [Run], [Inspect], [Prune] and [Doctor] each
// take a request of plain data with useful zero values. An error that the user can
// fix is a [*Failure]. All calls are safe for concurrent use, in one process and in several.
// The package prints nothing: a build reports to a [Progress]. It reads environment
// variables only through a request's Getenv; libraries, such as the one that reads
// docker login's credentials, may read the process's environment unless the request
// overrides them.
//
// Sandboxes run this program's own executable again, so main must call [Reexec]
// first.
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

// Reexec must be the first call in main. In a process that this package started it
// does that process's work and exits; otherwise it returns.
func Reexec() {
	sandbox.Reexec()
	home.Reexec()
}

// Failure is an error that the user can fix: it has a stable id, a cause, and a
// remedy.
type Failure = failure.Failure

// Explain turns an error that this machine's owner can fix into a [*Failure], and
// returns others unchanged. It has been applied to every error of this package.
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

// explain applies Explain to a named result.
func explain(err *error) { *err = Explain(*err) }
