//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

// ErrProcesses is the error of a program that kept its user at the process limit.
var ErrProcesses = errors.New("it starts more processes than it may have")

// running is the step of running the program.
const running = "running the program"

// OutOfProcesses returns the failure for an error, or nil, if no process could be
// started.
func OutOfProcesses(err error) *failure.Failure {
	return &failure.Failure{
		ID: "out-of-processes", Cause: "no further process or thread could be started", Err: err, Transient: true,
		Remedy: "try again when other builds and programs of this user have ended; or allow more: --max-processes, ulimit -u, and in a container its own limit of them.",
	}
}

// explain turns an error caused by a lack of processes or memory, or one that may
// leave processes behind, into a failure; it returns others unchanged.
func (s Spec) explain(err error) error {
	var step *Error
	switch {
	case errors.As(err, &step) && step.Kind == Ending:
		return s.left(err)
	case errors.Is(err, ErrProcesses), errors.Is(err, unix.EAGAIN):
		return OutOfProcesses(err)
	case errors.Is(err, unix.ENOMEM):
		return &failure.Failure{
			ID: "out-of-memory", Cause: "the machine had no memory for another process", Err: err, Transient: true,
			Remedy: "try again when other programs have ended, or give the machine or the container more memory.",
		}
	}
	return err
}

// left returns the failure if processes may remain in a chroot, for an error or
// nil.
func (s Spec) left(err error) error {
	return &failure.Failure{
		ID: "processes-left", Cause: "it cannot be established that all of the sandbox's processes have ended", Err: err,
		Remedy: fmt.Sprintf("end those of user %d that are still there; what was kept for the next build of this image is made anew.", s.User),
	}
}

// The interval of checks whether a program is at the process limit, and how long
// it may be. If others have the same user id, a program with many of the
// processes is ended sooner.
const (
	lookEvery   = 250 * time.Millisecond
	looksOfMany = 8
	looksOfFew  = 40
)

// crowding counts the checks that found the program at the process limit.
type crowding struct{ looks int }

// lasts reports, after another check, whether the limit was reached for long
// enough: longer for a program with few of the processes.
func (c *crowding) lasts(usesAll bool, hasMany func() bool) bool {
	if !usesAll {
		c.looks = max(0, c.looks-1)
		return false
	}
	c.looks++
	return c.looks >= looksOfFew || c.looks >= looksOfMany && hasMany()
}

// isMany reports whether a number of tasks is a large part of a limit: a quarter.
func isMany(tasks, limit int64) bool { return tasks >= limit/4 }

// watch ends a program that has been at the process limit for a while: it might
// go on for ever. It checks at each tick.
func (f *first) watch(pid int, done <-chan struct{}, tick <-chan time.Time) {
	hasMany := func() bool { return isMany(f.tasks(), f.setup.Limits.Processes) }
	for c := (crowding{}); ; {
		select {
		case <-done:
			return
		case <-tick:
		}
		if c.lasts(f.usesAll(), hasMany) {
			f.short.Store(true)
			unix.Kill(pid, unix.SIGKILL)
			return
		}
	}
}
