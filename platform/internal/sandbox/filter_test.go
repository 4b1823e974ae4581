//go:build linux

package sandbox

import (
	"encoding/binary"
	"runtime"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// call is a system call in the form for a filter: struct seccomp_data
// (seccomp(2)).
type call struct {
	number, arch uint32
	args         [6]uint64
}

// decide runs a filter for a call. The BPF machine reads numbers in big-endian
// order.
func decide(t *testing.T, way Way, c call) uint32 {
	t.Helper()
	raw := make([]bpf.RawInstruction, 0, 200)
	for _, i := range filter(way) {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	instructions, all := bpf.Disassemble(raw)
	if !all {
		t.Fatalf("the filter has instructions that are none: %v", instructions)
	}
	machine, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	data := binary.BigEndian.AppendUint32(nil, c.number)
	data = binary.BigEndian.AppendUint32(data, c.arch)
	data = append(data, make([]byte, 8)...) // the instruction pointer
	for _, arg := range c.args {
		data = binary.BigEndian.AppendUint32(data, uint32(arg)) // the lower half first
		data = binary.BigEndian.AppendUint32(data, uint32(arg>>32))
	}
	answer, err := machine.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(answer)
}

const (
	allowed = unix.SECCOMP_RET_ALLOW
	eperm   = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func TestTheFilterRefusesWhatNoBuildNeeds(t *testing.T) {
	own := auditArch[runtime.GOARCH]
	const all = ^uint64(0)
	for _, tc := range []struct {
		name         string
		number, arch uint32
		args         [6]uint64
		want, chroot uint32 // 0: the same
	}{
		{name: "an ordinary call", number: unix.SYS_GETPID, want: allowed},
		{name: "one whose arguments look like something else", number: unix.SYS_WRITE, args: [6]uint64{unix.CLONE_NEWUSER, unix.TIOCSTI, 1}, want: allowed},
		{name: "a call of another architecture", number: unix.SYS_GETPID, arch: unix.AUDIT_ARCH_I386, want: enosys},
		{name: "the last call of this ABI", number: x32 - 1, want: allowed},
		{name: "the first call of the other one", number: x32, want: enosys},
		{name: "a call of the other one", number: x32 + unix.SYS_GETPID, want: enosys},
		{name: "clone3", number: unix.SYS_CLONE3, want: enosys},
		{name: "the first that is refused", number: refused[0], want: eperm},
		{name: "the last that is refused", number: refused[len(refused)-1], want: eperm},
		{name: "clone", number: unix.SYS_CLONE, args: [6]uint64{unix.CLONE_NEWNS | unix.CLONE_VM}, want: allowed},
		{name: "clone with a user namespace", number: unix.SYS_CLONE, args: [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_VM}, want: eperm},
		{name: "clone with something in the argument behind", number: unix.SYS_CLONE, args: [6]uint64{0, unix.CLONE_NEWUSER}, want: allowed},
		{name: "unshare", number: unix.SYS_UNSHARE, args: [6]uint64{unix.CLONE_FS}, want: allowed},
		{name: "unshare with a user namespace", number: unix.SYS_UNSHARE, args: [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_NEWNS}, want: eperm},
		{name: "unshare with bits above", number: unix.SYS_UNSHARE, args: [6]uint64{1<<40 | unix.CLONE_NEWUSER}, want: eperm},
		{name: "ioctl", number: unix.SYS_IOCTL, args: [6]uint64{0, unix.TCGETS}, want: allowed},
		{name: "typing into a terminal", number: unix.SYS_IOCTL, args: [6]uint64{0, unix.TIOCSTI}, want: eperm},
		{name: "typing into a terminal, with bits above", number: unix.SYS_IOCTL, args: [6]uint64{0, 1<<32 | unix.TIOCSTI}, want: eperm},
		{name: "pasting into a console", number: unix.SYS_IOCTL, args: [6]uint64{0, unix.TIOCLINUX}, want: eperm},
		{name: "ioctl of a file whose number looks so", number: unix.SYS_IOCTL, args: [6]uint64{unix.TIOCSTI, unix.TCGETS}, want: allowed},
		{name: "the first that is refused in a chroot", number: refusedInChroot[0], want: allowed, chroot: eperm},
		{name: "the last that is refused in a chroot", number: refusedInChroot[len(refusedInChroot)-1], want: allowed, chroot: eperm},
		{name: "own limits", number: unix.SYS_PRLIMIT64, args: [6]uint64{0, 7}, want: allowed},
		{name: "another's limits", number: unix.SYS_PRLIMIT64, args: [6]uint64{17, 7}, want: eperm},
		{name: "another's limits, with a number that is the highest", number: unix.SYS_PRLIMIT64, args: [6]uint64{1<<32 - 2}, want: eperm},
		{name: "own priority", number: unix.SYS_SETPRIORITY, args: [6]uint64{unix.PRIO_PROCESS, 0, 19}, want: allowed},
		{name: "another's priority", number: unix.SYS_SETPRIORITY, args: [6]uint64{unix.PRIO_PROCESS, 17}, want: allowed, chroot: eperm},
		{name: "the priority of all of the user", number: unix.SYS_SETPRIORITY, args: [6]uint64{unix.PRIO_USER, 0}, want: allowed, chroot: eperm},
		{name: "own turn at the disk", number: unix.SYS_IOPRIO_SET, args: [6]uint64{1, 0}, want: allowed},
		{name: "the turn of all of the user", number: unix.SYS_IOPRIO_SET, args: [6]uint64{3, 0}, want: allowed, chroot: eperm},
		{name: "every bit", number: unix.SYS_CLONE, args: [6]uint64{all, all, all, all, all, all}, want: eperm},
	} {
		for _, way := range []Way{Mounts, Users, Chroot} {
			c, want := call{tc.number, own, tc.args}, tc.want
			if tc.arch != 0 {
				c.arch = tc.arch
			}
			if way == Chroot && tc.chroot != 0 {
				want = tc.chroot
			}
			if got := decide(t, way, c); got != want {
				t.Errorf("%s, %s: got %#x, want %#x", way, tc.name, got, want)
			}
		}
	}
}

// Every call in the lists.
func TestTheFilterRefusesEveryCallInItsLists(t *testing.T) {
	own := auditArch[runtime.GOARCH]
	for _, number := range refused {
		for _, way := range []Way{Mounts, Users, Chroot} {
			if got := decide(t, way, call{number: number, arch: own}); got != eperm {
				t.Errorf("%s, call %d: got %#x", way, number, got)
			}
		}
	}
	for _, number := range refusedInChroot {
		if got := decide(t, Chroot, call{number: number, arch: own}); got != eperm {
			t.Errorf("call %d: got %#x", number, got)
		}
	}
	for _, own := range ofOneselfInChroot {
		whom := (own.whom - offsetArg0) / 8
		for pid, want := range map[uint64]uint32{0: allowed, 1: eperm, 1 << 31: eperm} {
			c := call{number: own.number, arch: auditArch[runtime.GOARCH]}
			c.args[whom] = pid
			if got := decide(t, Chroot, c); got != want {
				t.Errorf("call %d for process %d: got %#x, want %#x", own.number, pid, got, want)
			}
		}
	}
}
