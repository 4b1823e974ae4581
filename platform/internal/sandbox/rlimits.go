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

// Limits are what each program may use. Of 0 there is no limit but that of the
// process that makes the sandbox, which none can be above.
type Limits struct {
	// Processes are those of the user, threads included: in a user namespace
	// those of the sandbox, elsewhere those of everybody who has the user's id.
	Processes int64
	OpenFiles int64 // of each process
	FileSize  int64 // of each file that is written, in bytes
}

// DefaultLimits are those that a build has unless other ones are asked for. They
// are far above what builds need: a process of Node.js has some fifteen threads,
// and programs that use all processors start one or more for each.
func DefaultLimits() Limits {
	return Limits{Processes: processLimit(runtime.NumCPU(), setting("kernel/pid_max"), setting("kernel/threads-max")), OpenFiles: maxOpenFiles, FileSize: maxFileSize}
}

const (
	maxOpenFiles = 1 << 16
	maxFileSize  = 16 << 30
)

// processLimit is that of processes on a machine with so many processors, of what
// the machine may have by its settings at most a half: it goes on. A setting that
// is none does not count.
func processLimit(processors int, settings ...string) int64 {
	limit := int64(8192 + 256*processors)
	for _, text := range settings {
		if most, err := strconv.ParseInt(text, 10, 64); err == nil && most > 0 {
			limit = min(limit, most/2)
		}
	}
	return limit
}

// set puts them in force, for this process and all that come of it.
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
			return &Error{"limiting " + limit.what, err}
		}
	}
	return nil
}

// usesAll says whether the sandbox's user has all the processes that it may have.
func (f *first) usesAll() bool {
	if f.setup.OneID { // of a user namespace, in which nobody else is
		return f.tasks() >= f.setup.Limits.Processes
	}
	f.reaping.Lock() // who ends all processes must not stop this one's child, for which it waits
	defer f.reaping.Unlock()
	var own unix.Rlimit
	if f.leaving || unix.Getrlimit(unix.RLIMIT_NPROC, &own) != nil {
		return false
	}
	as := own
	as.Cur = min(uint64(f.setup.Limits.Processes), own.Max) - 1
	if unix.Setrlimit(unix.RLIMIT_NPROC, &as) != nil {
		return false
	}
	defer unix.Setrlimit(unix.RLIMIT_NPROC, &own)
	// Nobody executes a folder. The kernel first looks whether whoever becomes
	// another user makes more than that one may have, without the new one (EAGAIN
	// in execve(2)).
	_, err := syscall.ForkExec("/", []string{"/"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(f.setup.User), Gid: uint32(f.setup.Group), NoSetGroups: true},
	}})
	return err == unix.EAGAIN
}

// tasks counts the sandbox's processes and their threads.
func (f *first) tasks() (count int64) {
	if f.setup.Way == Chroot {
		all, _ := descendants()
		return int64(len(all))
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/task")
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			count += int64(info.Sys().(*syscall.Stat_t).Nlink) - 2 // a folder for each, and its own two names
		}
	}
	return count
}
