//go:build linux

package sandbox

import (
	"math"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refused are system calls that an unprivileged process could make and no build
// needs: they affect what namespaces do not isolate, or expose much of the
// kernel. Mounting and the like need capabilities, which no program has.
var refused = []uint32{
	unix.SYS_ADD_KEY, unix.SYS_KEYCTL, unix.SYS_REQUEST_KEY, // keyrings belong to the host's user
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_SETNS,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
}

// refusedInChroot affect the user's other processes and their shared resources,
// which a chroot without pid and ipc namespaces does not isolate.
var refusedInChroot = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP, unix.SYS_PROCESS_MADVISE,
	unix.SYS_PROCESS_MRELEASE, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_GET_ROBUST_LIST,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP, unix.SYS_SEMCTL,
	unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
}

// ofOneself are calls that may change only the caller: the argument for the
// process must be 0. A thread that passes its own id is refused, too. Without
// this, limits could end even the sandbox's first process if it has the program's
// user.
var ofOneself = []selfCall{{unix.SYS_PRLIMIT64, offsetArg0}}

// ofOneselfInChroot are those in a sandbox without a pid namespace.
var ofOneselfInChroot = []selfCall{
	{unix.SYS_SCHED_SETAFFINITY, offsetArg0}, {unix.SYS_SCHED_SETSCHEDULER, offsetArg0},
	{unix.SYS_SCHED_SETPARAM, offsetArg0}, {unix.SYS_SCHED_SETATTR, offsetArg0},
	{unix.SYS_SETPRIORITY, offsetArg1}, {unix.SYS_IOPRIO_SET, offsetArg1},
}

type selfCall struct{ number, whom uint32 }

// ofUserInChroot are the two of these whose first argument is a kind of target,
// with the kind for all processes of the user.
var ofUserInChroot = map[uint32]uint32{unix.SYS_SETPRIORITY: unix.PRIO_USER, unix.SYS_IOPRIO_SET: ioprioWhoUser}

// ioprioWhoUser is IOPRIO_WHO_USER (ioprio_set(2)).
const ioprioWhoUser = 3

// Offsets in struct seccomp_data (seccomp(2)), of 32 bits each; for an argument
// its lower half, as both architectures are little-endian.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArg0   = 16
	offsetArg1   = 24
)

var auditArch = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// x32 is the bit in a call's number for amd64's second ABI.
const x32 = 0x40000000

// filter returns a BPF program (seccomp(2)) that decides about every system call.
// Calls of another ABI, with other numbers, fail as not implemented; so does
// clone3, whose flags the filter cannot read: libraries then use clone.
func filter(way Way) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		bits  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		over  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	)
	answer := func(value uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value} }
	allow, missing, denied := answer(unix.SECCOMP_RET_ALLOW), answer(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS)), answer(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM))

	program := []unix.SockFilter{
		{Code: load, K: offsetArch}, {Code: equal, K: auditArch[runtime.GOARCH], Jt: 1}, missing,
		{Code: load, K: offsetNumber}, {Code: over, K: x32, Jf: 1}, missing,
		{Code: equal, K: unix.SYS_CLONE3, Jf: 1}, missing,
	}
	calls, own := refused, ofOneself
	if way == Chroot {
		calls, own = slices.Concat(refused, refusedInChroot), slices.Concat(ofOneself, ofOneselfInChroot)
	}
	for _, number := range calls {
		program = append(program, unix.SockFilter{Code: equal, K: number, Jf: 1}, denied)
	}
	for _, call := range own {
		kind, ofUser := ofUserInChroot[call.number]
		if !ofUser {
			kind = math.MaxUint32 // no kind: the first argument is the process
		}
		program = append(program, unix.SockFilter{Code: equal, K: call.number, Jf: 6},
			unix.SockFilter{Code: load, K: offsetArg0}, unix.SockFilter{Code: equal, K: kind, Jt: 3},
			unix.SockFilter{Code: load, K: call.whom}, unix.SockFilter{Code: equal, K: 0, Jf: 1}, allow, denied)
	}
	// In a new user namespace its maker would be root.
	for _, number := range []uint32{unix.SYS_CLONE, unix.SYS_UNSHARE} {
		program = append(program, unix.SockFilter{Code: equal, K: number, Jf: 4},
			unix.SockFilter{Code: load, K: offsetArg0}, unix.SockFilter{Code: bits, K: unix.CLONE_NEWUSER, Jt: 1}, allow, denied)
	}
	// TIOCSTI puts input into the terminal of the user.
	program = append(program, unix.SockFilter{Code: equal, K: unix.SYS_IOCTL, Jf: 4},
		unix.SockFilter{Code: load, K: offsetArg1}, unix.SockFilter{Code: equal, K: unix.TIOCSTI, Jt: 1}, unix.SockFilter{Code: equal, K: unix.TIOCLINUX, Jf: 1}, denied)
	return append(program, allow)
}

// filterSystemCalls installs the filter for this process and its descendants. A
// kernel without filters runs without; everything else still applies.
func (p program) filterSystemCalls() error {
	code := filter(p.Setup.Way)
	rules := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW, uintptr(unsafe.Pointer(&rules)))
	switch errno {
	case 0, unix.ENOSYS:
		return nil
	case unix.EINVAL: // also: no such flag
		_, _, errno = unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&rules)))
		if errno == 0 || errno == unix.EINVAL {
			return nil
		}
	}
	return &Error{Step: "filtering system calls", Cause: errno}
}
