//go:build linux

// Package sandbox runs a program in its own root file system: without a container
// engine or daemon and, with user namespaces, without root.
//
// There are three processes. The caller starts its own executable again as the
// sandbox's first process ([Reexec]), which mounts the file systems, stays out of
// the program's reach, and ends when the caller does. It starts the executable a
// second time, which gives up all privileges and becomes the program.
// docs/decisions/sandbox.md has the reasons.
package sandbox

import (
	"fmt"
	"io"
)

// Way is a kind of sandbox.
type Way string

// The ways, in the order in which they are tried.
const (
	// Mounts is for root: mount, pid, ipc and uts namespaces.
	Mounts Way = "mount-namespace"
	// Users is for any user: the same in a user namespace.
	Users Way = "user-namespace"
	// Chroot is for root in a container that may neither mount nor make
	// namespaces: only another root folder and another user.
	Chroot Way = "chroot"
)

// Network is what the program can reach.
type Network string

// The networks.
const (
	Host Network = "host" // the host's network
	None Network = "none" // loopback only
)

// Spec describes a sandbox.
type Spec struct {
	Way Way

	// Root is the folder of the root file system. It is read-only inside, and may
	// be shared with other sandboxes, unless Way is Chroot: then the sandbox
	// needs its own copy. It needs the folders /proc and /dev and a folder or
	// file at the target of each bind.
	Root string

	// Writable makes Root writable inside; then it must not be shared.
	Writable bool

	// Over, if set, makes everything inside writable, and Root remains unchanged and
	// may be shared. Not every kernel and file system allows that, see
	// [Overlaying]. A chroot cannot have it.
	Over Over

	// MountPoint is an empty folder for mounting the root.
	MountPoint string

	Binds    []Bind
	User     int // of the program; not 0
	Group    int
	Hostname string
	Network  Network
	Limits   Limits

	// Tmpfs are paths inside for empty tmpfs mounts that everybody may write to.
	// A chroot cannot have them.
	Tmpfs []string

	// Stdout and Stderr receive the program's output; nil discards it.
	Stdout, Stderr io.Writer
}

// Over are two empty folders of the host, on one file system, for what is written to
// the root: Upper receives it, Work is the kernel's.
type Over struct{ Upper, Work string }

// Bind makes a folder or file of the host visible.
type Bind struct {
	Source   string // absolute, on the host
	Target   string // absolute, inside
	Writable bool   // for the source's owner

	// Recursive makes the mounts below the source visible, too.
	Recursive bool

	// Owned makes what belongs to the source's owner belong to the sandbox's user
	// inside, as far as the kernel and the file system allow that; then the mounts
	// below the source are not visible. An ordinary user's sandbox has one user
	// anyway.
	Owned bool

	// Inside says that Source is a path inside, in the root.
	Inside bool
}

// Command is the program to run.
type Command struct {
	Args []string // the program's absolute path inside, and its arguments
	Env  []string // complete, as NAME=value
	Dir  string   // absolute, inside; / when empty

	// Heading is printed as a line on standard output before the program starts.
	Heading string

	// Followed says that another command follows this one, unless it fails. Such
	// a command may have no program. Processes that a program leaves running are
	// ended before the next one starts.
	Followed bool

	// AsksForItself says that the program needs the path of its executable in
	// /proc to start, as the lifecycle does. A chroot has no /proc, and provides
	// that path until the program has connected to the sandbox's listener: it
	// would be wrong for any other program. Other ways ignore the field.
	AsksForItself bool
}

// Status is how the program ended.
type Status struct {
	Code   int // exit status; 0 after a signal
	Signal int // the signal, or 0
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
	Kind  Kind
	Path  string // of a Binding
}

// Kind is the kind of a step, as far as callers distinguish them.
type Kind int

// The kinds of steps.
const (
	Making     Kind = iota // the sandbox, or the program's process in it
	Entering               // the program's folder; Cause is the error of chdir(2)
	Executing              // the requested program; Cause is the error of execve(2)
	Binding                // a folder or file of the host, Path, into the sandbox
	Overlaying             // making a shared root writable
	Ending                 // the sandbox's processes: some may be left
)

func (e *Error) Error() string { return e.Step + ": " + e.Cause.Error() }

func (e *Error) Unwrap() error { return e.Cause }
