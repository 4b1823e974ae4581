//go:build linux

package sandbox

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ErrLimit is the kernel's ENOSPC for a process with new namespaces (clone(2)):
// the limit of namespaces for its user, or for one of an outer namespace.
var ErrLimit = errors.New("the limit of namespaces is reached")

// startError returns the error of starting a process, with ErrLimit in place of
// ENOSPC, which would look like a full disk.
func startError(step string, err error) *Error {
	if errors.Is(err, unix.ENOSPC) {
		err = ErrLimit
	}
	return &Error{Step: step, Cause: err}
}

// noneAllowed returns the settings that allow no namespaces of a kind that a
// sandbox may need (namespaces(7), "/proc/sys/user").
func noneAllowed() (settings []string) {
	for _, kind := range []string{"user", "mnt", "pid", "ipc", "uts", "net"} {
		name := "max_" + kind + "_namespaces"
		if setting("user/"+name) == "0" {
			settings = append(settings, "user."+name)
		}
	}
	return settings
}
