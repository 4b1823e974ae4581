//go:build linux

package sandbox

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// self is the path of this process's executable.
const self = "/proc/self/exe"

// executable returns the path from which the sandbox's processes are started: an
// immutable copy of this executable in memory, made once. A program can find the
// file that a process of its sandbox runs (proc_pid_exe(5)); if that were on
// disk, a sandboxed program of its owner could write to it. If the system does
// not allow such a copy, it is the file.
func executable() string {
	copied, err := sealedCopy()
	if err != nil {
		return self
	}
	return fmt.Sprintf("/proc/self/fd/%d", copied.Fd())
}

// sealedCopy stays open until the process ends.
var sealedCopy = sync.OnceValues(func() (*os.File, error) {
	from, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	fd, err := unix.MemfdCreate("armature", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3 there is no such flag
		fd, err = unix.MemfdCreate("armature", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, err
	}
	made := os.NewFile(uintptr(fd), "armature")
	defer made.Close()
	if _, err := io.Copy(made, from); err != nil {
		return nil, err
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return nil, err
	}
	// A high number, beyond the descriptors that a started process gets.
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 64)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(high), "armature"), nil
})
