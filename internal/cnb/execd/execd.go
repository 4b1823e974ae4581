// Package execd is the launcher's side of an exec.d program: where it writes
// the variables that the app's process is to get (Buildpack API, "Launch",
// exec.d).
package execd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// descriptor is where exec.d programs write to.
const descriptor = 3

// NotStartedByLauncher is returned where nobody reads what is written.
type NotStartedByLauncher struct{}

func (NotStartedByLauncher) Error() string {
	return fmt.Sprintf("file descriptor %d is not open: not started by the launcher", descriptor)
}

// Output returns what the launcher reads. It must be called before anything
// else is opened: that could get the same number. What the Go runtime itself
// keeps open (files of the cgroup, to read) is told apart by not being there
// to write to.
func Output() (io.Writer, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(descriptor, &stat); err != nil {
		return nil, NotStartedByLauncher{}
	}
	flags, err := unix.FcntlInt(descriptor, unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY {
		return nil, NotStartedByLauncher{}
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFIFO, unix.S_IFREG, unix.S_IFSOCK:
		return os.NewFile(descriptor, "the launcher"), nil
	}
	return nil, NotStartedByLauncher{}
}

// Set writes a variable as TOML.
func Set(out io.Writer, name, value string) error {
	text, err := json.Marshal(value) // a JSON string is a TOML string, too
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s = %s\n", name, text)
	return err
}
