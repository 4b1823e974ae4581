//go:build linux

// Package sandbox runs a program in a root file system of its own: without a
// container engine, without a daemon and, where the kernel has user
// namespaces, without being root.
//
// Three processes take part. The caller starts its own executable again as
// the sandbox's first process ([Reexec]), which builds the tree of mounts,
// stays outside of what the program may do, and ends when the caller does. It
// starts the executable a second time, which gives up every privilege and
// becomes the program. docs/decisions/sandbox.md says why.
package sandbox

import (
	"fmt"
	"io"
	"strings"
)

// Way is how a sandbox is separated from the rest of the machine.
type Way string

// The ways, in the order in which they are tried.
const (
	// Mounts is for root: mount, pid, ipc and uts namespaces.
	Mounts Way = "mount-namespace"
	// Users is for everybody: the same in a user namespace.
	Users Way = "user-namespace"
	// Chroot is for root in a container that may neither mount nor make
	// namespaces: another root folder and another user, nothing else.
	Chroot Way = "chroot"
)

// Network is what the program can reach.
type Network string

// The networks there are.
const (
	Host Network = "host" // what the host reaches
	None Network = "none" // itself
)

// Spec says what a sandbox looks like.
type Spec struct {
	Way Way

	// Root is the folder of the root file system. It is read-only inside, and
	// shared with other sandboxes, unless Way is Chroot: then it must be a
	// tree of the sandbox's own. It needs the folders /proc and /dev and a
	// folder or file for the target of each bind.
	Root string

	// MountPoint is an empty folder that the tree of mounts is built over.
	MountPoint string

	Binds    []Bind
	User     int // ids that the program runs as; not 0
	Group    int
	Hostname string
	Network  Network
	Limits   Limits

	// Tmpfs are folders inside that get an empty one in memory, for everybody to
	// write to. A chroot cannot have them.
	Tmpfs []string

	// Stdout and Stderr get what the program prints; nil discards it.
	Stdout, Stderr io.Writer
}

// Bind makes a folder or file of the host visible.
type Bind struct {
	Source   string // absolute, on the host
	Target   string // absolute, inside
	Writable bool   // by whoever owns the source

	// Recursive says that what is mounted below the source is visible, too.
	Recursive bool
}

// Command is the program to run.
type Command struct {
	Args []string // the program's absolute path inside, and its arguments
	Env  []string // all of its environment, as NAME=value
	Dir  string   // absolute, inside; / when empty

	// Heading is a line that standard output gets before the program begins.
	Heading string

	// Followed says that another command comes after this one, unless it fails.
	// One that is followed need not have a program. What a program leaves running
	// is ended before the next one begins.
	Followed bool

	// AsksForItself says that the program does not start unless /proc says where
	// its executable is, as the lifecycle. A chroot has no /proc, and answers until
	// the program has called the sandbox's listener: the answer would be wrong for
	// any other program. Elsewhere it makes no difference.
	AsksForItself bool
}

// Status is how the program ended.
type Status struct {
	Code   int // exit status; 0 when a signal ended it
	Signal int // that signal, or 0
}

func (s Status) String() string {
	if s.Signal != 0 {
		return fmt.Sprintf("signal %d", s.Signal)
	}
	return fmt.Sprintf("status %d", s.Code)
}

// Error is a step of making a sandbox that the system refused.
type Error struct {
	Step  string // "mounting /proc"
	Cause error  // mostly a syscall.Errno
}

// What the steps begin with that a command's program and folder are the reason
// for.
const (
	executing = "executing "
	entering  = "entering the folder "
)

// Executing says whether everything stood, and the program that was asked for
// could not be executed: Cause is the error of execve(2).
func (e *Error) Executing() bool { return strings.HasPrefix(e.Step, executing) }

// Entering says whether everything stood, and the folder that the program was
// to begin in could not be entered: Cause is the error of chdir(2).
func (e *Error) Entering() bool { return strings.HasPrefix(e.Step, entering) }

func (e *Error) Error() string { return e.Step + ": " + e.Cause.Error() }

func (e *Error) Unwrap() error { return e.Cause }
