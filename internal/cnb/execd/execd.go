// Package execd is the interface of an exec.d program to the launcher: it
// writes variables for the app's process (Buildpack API, "Launch", exec.d).
package execd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// descriptor is the file descriptor that exec.d programs write to.
const descriptor = 3

// NotStartedByLauncher is the error if the launcher did not start the program.
type NotStartedByLauncher struct{}

func (NotStartedByLauncher) Error() string {
	return fmt.Sprintf("file descriptor %d is not open: not started by the launcher", descriptor)
}

// Output returns the writer that the launcher reads from. Call it before
// opening any file, which could get the same descriptor. Files that the Go
// runtime opens (cgroup files) are read-only, which distinguishes them.
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
