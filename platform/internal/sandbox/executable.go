//go:build linux

package sandbox

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// self is where this process's executable is found.
const self = "/proc/self/exe"

// executable is what the sandbox's processes are started from: a copy of this
// executable in memory, made once, that nobody can change. A program can find
// the file that a process of its sandbox runs (proc_pid_exe(5)); were it the
// one on disk, its owner's sandboxed programs could write to it. Where the
// system has or allows no such copy, it is the file.
func executable() string {
	copied, err := sealedCopy()
	if err != nil {
		return self
	}
	return fmt.Sprintf("/proc/self/fd/%d", copied.Fd())
}

// sealedCopy stays open for as long as the process lives.
var sealedCopy = sync.OnceValues(func() (*os.File, error) {
	from, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	fd, err := unix.MemfdCreate("armature", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3 every one can be executed
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
	// Out of the way of the descriptors that a process is started with.
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 64)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(high), "armature"), nil
})
