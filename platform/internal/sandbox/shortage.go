//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

// ErrProcesses is that of a program whose user had all the processes that it may
// have, and went on so.
var ErrProcesses = errors.New("it starts more processes than it may have")

// running is the step of a program that runs.
const running = "running the program"

// OutOfProcesses is the failure to make where no process could be started, of an
// error, or nil.
func OutOfProcesses(err error) *failure.Failure {
	return &failure.Failure{
		ID: "out-of-processes", Cause: "no further process or thread could be started", Err: err, Transient: true,
		Remedy: "try again when other builds and programs of this user have ended; or allow more: --max-processes, ulimit -u, and in a container its own limit of them.",
	}
}

// explain makes a failure of an error by which the machine had no process or no
// memory to give, or of one that leaves processes; others stay as they are.
func (s Spec) explain(err error) error {
	var step *Error
	switch {
	case errors.As(err, &step) && step.Step == ending:
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

// left is the failure of a chroot in which processes may be left, of an error or
// nil.
func (s Spec) left(err error) error {
	return &failure.Failure{
		ID: "processes-left", Cause: "it cannot be established that all of the sandbox's processes have ended", Err: err,
		Remedy: fmt.Sprintf("end those of user %d that are still there; what was kept for the next build of this image is made anew.", s.User),
	}
}

// How often it is looked whether a program has all the processes that it may
// have, and for how long it may. Where others have the same user's id, the one
// that has many of them goes first.
const (
	lookEvery   = 250 * time.Millisecond
	looksOfMany = 8
	looksOfFew  = 40
)

// crowding counts looks at which a program had all the processes that it may have.
type crowding struct{ looks int }

// lasts says, with another look, whether that has gone on for long enough: of a
// program that has few of the processes itself, for longer.
func (c *crowding) lasts(usesAll bool, hasMany func() bool) bool {
	if !usesAll {
		c.looks = max(0, c.looks-1)
		return false
	}
	c.looks++
	return c.looks >= looksOfFew || c.looks >= looksOfMany && hasMany()
}

// watch ends the program when it has had all the processes that it may have for
// a while: it would go on for ever, or until the last one gives up. At each tick it
// looks.
func (f *first) watch(pid int, done <-chan struct{}, tick <-chan time.Time) {
	hasMany := func() bool { return f.tasks() >= f.setup.Limits.Processes/4 }
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
