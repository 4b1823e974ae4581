//go:build linux

package sandbox

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ErrLimit is what the kernel means when it answers ENOSPC to a process with
// namespaces of its own (clone(2)): its user, or one of a namespace around,
// may have no more of them.
var ErrLimit = errors.New("the limit of namespaces is reached")

// startError is that of starting a process: at the limit of namespaces one that
// nobody takes for a full disk.
func startError(step string, err error) *Error {
	if errors.Is(err, unix.ENOSPC) {
		err = ErrLimit
	}
	return &Error{Step: step, Cause: err}
}

// noneAllowed are the settings by which this machine allows no namespace of a
// kind that a sandbox may need (namespaces(7), "/proc/sys/user").
func noneAllowed() (settings []string) {
	for _, kind := range []string{"user", "mnt", "pid", "ipc", "uts", "net"} {
		name := "max_" + kind + "_namespaces"
		if setting("user/"+name) == "0" {
			settings = append(settings, "user."+name)
		}
	}
	return settings
}
