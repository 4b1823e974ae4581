// Package exit chooses the exit status of a buildpack's detect and build:
//
//	1    an error, mostly one that the app's developer can fix
//	75   a temporary failure: nothing in the app is wrong, and the same
//	     build may succeed later (EX_TEMPFAIL of sysexits.h)
//	100  detect does not take the app (Buildpack API, "Detection")
//
// The lifecycle ends with 51 whenever a build fails (Platform API, "Build"),
// and prints the buildpack's own status: "failed to build: exit status 75".
// Automation can decide on a retry by that line, or by the failure's id in
// brackets.
package exit

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

// The statuses.
const (
	Error     = 1
	Transient = 75
	Fail      = 100
)

// Status returns the exit status for an error.
func Status(err error) int {
	fail := packit.Fail
	var f *failure.Failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &fail):
		return Fail
	case errors.As(err, &f) && f.Transient:
		return Transient
	}
	return Error
}

// Handler exits with [Status]. Pass it to packit.Run with
// packit.WithExitHandler.
type Handler struct {
	Stderr io.Writer
	Exit   func(status int)
}

// New is the handler for this process.
func New() Handler { return Handler{Stderr: os.Stderr, Exit: os.Exit} }

// Error prints an error, and exits.
func (h Handler) Error(err error) {
	fmt.Fprintln(h.Stderr, err)
	h.Exit(Status(err))
}
