//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits are the resource limits of each program. 0 means the limit of the
// process that makes the sandbox, which no other can exceed.
type Limits struct {
	// Processes is the number of the user's processes and threads: in a user
	// namespace those of the sandbox, otherwise all with the user's id.
	Processes int64
	OpenFiles int64 // for each process
	FileSize  int64 // size of a written file, in bytes
}

// DefaultLimits returns the default limits of a build. They are far above what
// builds need: a Node.js process has some fifteen threads, and programs that use
// all processors start one or more for each.
func DefaultLimits() Limits {
	return Limits{Processes: processLimit(runtime.NumCPU(), setting("kernel/pid_max"), setting("kernel/threads-max")), OpenFiles: maxOpenFiles, FileSize: maxFileSize}
}

const (
	maxOpenFiles = 1 << 16
	maxFileSize  = 16 << 30
)

// processLimit returns the limit of processes on a machine with this many
// processors: at most half of what the machine's settings allow, so that it stays
// usable. Invalid settings are ignored.
func processLimit(processors int, settings ...string) int64 {
	limit := int64(8192 + 256*processors)
	for _, text := range settings {
		if most, err := strconv.ParseInt(text, 10, 64); err == nil && most > 0 {
			limit = min(limit, most/2)
		}
	}
	return limit
}

// set applies the limits to this process and its descendants.
func (l Limits) set() error {
	for _, limit := range []struct {
		what   string
		number int
		most   int64
	}{
		{"processes", unix.RLIMIT_NPROC, l.Processes}, {"open files", unix.RLIMIT_NOFILE, l.OpenFiles}, {"the size of files", unix.RLIMIT_FSIZE, l.FileSize},
	} {
		if limit.most == 0 {
			continue
		}
		var has unix.Rlimit
		err := unix.Getrlimit(limit.number, &has)
		if err == nil {
			most := min(uint64(limit.most), has.Max)
			err = unix.Setrlimit(limit.number, &unix.Rlimit{Cur: most, Max: most})
		}
		if err != nil {
			return &Error{Step: "limiting " + limit.what, Cause: err}
		}
	}
	return nil
}

// usesAll reports whether the sandbox's user has reached its process limit.
func (f *first) usesAll() bool {
	if f.setup.OneID { // the user namespace has no other processes
		return f.tasks() >= f.setup.Limits.Processes
	}
	f.reaping.Lock() // endAll must not stop this child, for which this process waits
	defer f.reaping.Unlock()
	var own unix.Rlimit
	if f.leaving || unix.Getrlimit(unix.RLIMIT_NPROC, &own) != nil {
		return false
	}
	as := own
	as.Cur = min(uint64(f.setup.Limits.Processes), own.Max) - 1
	unix.Setrlimit(unix.RLIMIT_NPROC, &as)
	defer unix.Setrlimit(unix.RLIMIT_NPROC, &own)
	// A folder cannot be executed. Before that error, the kernel checks the
	// process limit of the new user, not counting the new process (EAGAIN in
	// execve(2)).
	_, err := syscall.ForkExec("/", []string{"/"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(f.setup.User), Gid: uint32(f.setup.Group)},
	}})
	return err == unix.EAGAIN
}

// tasks counts the sandbox's processes and threads.
func (f *first) tasks() (count int64) {
	if f.setup.Way == Chroot {
		all, _ := descendants()
		return int64(len(all))
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/task")
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			count += int64(info.Sys().(*syscall.Stat_t).Nlink) - 2 // a folder for each, and the folder's own two links
		}
	}
	return count
}
