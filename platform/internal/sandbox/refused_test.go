//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// refusal is a system call that the kernel refuses with an error (seccomp(2)).
type refusal struct {
	Call  uint32
	Args  []match
	Errno syscall.Errno
}

// match compares masked bits of the lower half of an argument, for equality or
// inequality.
type match struct {
	Number, Mask, Is uint32
	Not              bool
}

// is matches an argument, counted from 0, that equals a value.
func is(number int, value uint32) match {
	return match{Number: uint32(number), Mask: ^uint32(0), Is: value}
}

// isNot matches an argument that differs from a value.
func isNot(number int, value uint32) match {
	return match{Number: uint32(number), Mask: ^uint32(0), Is: value, Not: true}
}

// has matches an argument with some bits and without others.
func has(number int, bits, none uint32) match {
	return match{Number: uint32(number), Mask: bits | none, Is: bits}
}

// refuse lets the kernel refuse calls of this process and its descendants.
func refuse(all []refusal) error {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		and  = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
		jump = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		end  = unix.BPF_RET | unix.BPF_K
	)
	var code []unix.SockFilter
	for _, r := range all {
		code = append(code, unix.SockFilter{Code: load, K: 0}, unix.SockFilter{Code: jump, K: r.Call, Jf: uint8(4*len(r.Args) + 1)})
		for i, arg := range r.Args {
			compare := unix.SockFilter{Code: jump, K: arg.Is, Jt: 1}
			if arg.Not {
				compare.Jt, compare.Jf = 0, 1
			}
			code = append(code, unix.SockFilter{Code: load, K: 16 + 8*arg.Number}, unix.SockFilter{Code: and, K: arg.Mask},
				compare, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(4*(len(r.Args)-i-1) + 1)})
		}
		code = append(code, unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ERRNO | uint32(r.Errno)})
	}
	code = append(code, unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	rules := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&rules)))
	if errno != 0 {
		return errno
	}
	return nil
}

// underRefusal is a function for a process with refused calls, or few open files.
type underRefusal struct {
	Refused       []refusal
	Files         uint64 // the limit of open files; 0 is none
	Spec          sandbox.Spec
	Path, Program string
}

func init() {
	programs["under refusal"] = func() {
		sandbox.Reexec()
		runtime.LockOSThread() // or another thread has no_new_privs
		var job underRefusal
		err := json.Unmarshal([]byte(os.Getenv("JOB")), &job)
		if err == nil {
			err = refuse(job.Refused)
		}
		if err != nil {
			fmt.Print("skip: ", err)
			return
		}
		unix.Dup3(1, inherited, 0)
		before := openNames()
		enough := setFiles(syscall.Rlimit{Cur: job.Files, Max: job.Files})
		var out bytes.Buffer
		job.Spec.Stdout = &out
		box, err := sandbox.Start(context.Background(), job.Spec)
		if err == nil {
			_, err = box.Run(context.Background(), sandbox.Command{Args: []string{job.Path}, Env: []string{"PROGRAM=" + job.Program}}, nil)
			if closing := box.Close(); err == nil {
				err = closing
			}
		}
		setFiles(enough)
		if leavesPipe(err) {
			before = openNames()
		}
		if waitFor(func() bool { return len(opened(before)) == 0 }) != nil { // forwarding ends a little later
			fmt.Printf("open: %v; ", opened(before))
		}
		fmt.Print(err, "\n", &out)
	}
}

// openNames returns the names of this process's open files.
func openNames() (names []string) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if name, err := os.Readlink(link); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// opened returns new ones, without permanent ones.
func opened(before []string) []string {
	return slices.DeleteFunc(openNames(), func(name string) bool {
		return slices.Contains(before, name) || strings.HasPrefix(name, "anon_inode:") || strings.HasPrefix(name, "/memfd:")
	})
}

// inherited is a descriptor that the first process inherits.
const inherited = 17

// outcomeUnder starts a sandbox in a separate process with refused calls, and
// returns the error and the program's output.
func outcomeUnder(t *testing.T, job underRefusal) (err, printed string) {
	t.Helper()
	text, failed := json.Marshal(job)
	if failed != nil {
		t.Fatal(failed)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=under refusal", "JOB=" + string(text)}
	out, failed := cmd.CombinedOutput()
	if failed != nil {
		t.Fatalf("%v: %s", failed, out)
	}
	if strings.HasPrefix(string(out), "skip") {
		t.Skipf("this machine has no filters: %s", out)
	}
	err, printed, _ = strings.Cut(string(out), "\n")
	return err, printed
}

// Arguments of refused calls: mount(2)'s flags and data; 0 is none.
const (
	mountFlags, mountData = 3, 4
	closedMount           = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	restricting           = unix.MS_REMOUNT | unix.MS_BIND
)

// The error of a refused step names the step and the reason.
func TestEveryStepThatIsRefusedIsTold(t *testing.T) {
	t.Parallel()
	failing := func(call uint32, args ...match) refusal { return refusal{call, args, unix.EIO} }
	mounting := func(args ...match) refusal { return failing(unix.SYS_MOUNT, args...) }
	cases := []struct {
		name    string
		ways    []sandbox.Way
		refused refusal
		want    string // the error's beginning; ROOT, POINT and DATA are folders of the sandbox's
	}{
		{"the channel", both, failing(unix.SYS_SOCKETPAIR), "making a pair of sockets"},
		{"the first process", mounts, failing(unix.SYS_CLONE, has(0, unix.CLONE_NEWPID, 0)), "starting a process for a mount-namespace"},
		{"the pipes", mounts, failing(unix.SYS_PIPE2), "making the pipe for stdout"},
		{"the pipes' mode", mounts, failing(unix.SYS_FCNTL, is(1, unix.F_SETFL), has(2, unix.O_NONBLOCK, unix.O_RDWR)), "making the pipe for stdout"},
		{"the pipes' owner", mounts, failing(unix.SYS_FCHOWN), "making the pipe for stdout"},
		{"the keyring", both, failing(unix.SYS_KEYCTL), "leaving the session keyring"},
		{"the name", mounts, failing(unix.SYS_SETHOSTNAME), "naming the sandbox"},
		{"private mounts", mounts, mounting(is(mountFlags, unix.MS_REC|unix.MS_PRIVATE)), "making mounts private"},
		{"a bind", mounts, mounting(is(mountFlags, unix.MS_BIND)), "binding ROOT"},
		{"a bind's flags", mounts, failing(unix.SYS_STATFS), "asking for the flags of ROOT"},
		{"a root that is read-only", mounts, mounting(has(mountFlags, restricting|unix.MS_RDONLY|unix.MS_NODEV, unix.MS_NOEXEC)), "restricting ROOT"},
		{"/proc", mounts, mounting(is(mountFlags, closedMount), is(mountData, 0)), "mounting /proc"},
		{"settings that are read-only", mounts, mounting(has(mountFlags, restricting|unix.MS_RDONLY|closedMount, 0)), "restricting POINT/proc/"},
		{"/dev", mounts, mounting(is(mountFlags, unix.MS_NOSUID|unix.MS_NOEXEC)), "mounting /dev"},
		{"a device that executes nothing", mounts, mounting(has(mountFlags, restricting|unix.MS_NOEXEC, unix.MS_NODEV)), "restricting /dev/null"},
		{"links of /dev", both, failing(unix.SYS_SYMLINKAT), "symlink /proc/self/fd"},
		{"a folder of /dev", mounts, failing(unix.SYS_MKDIRAT), "mkdir POINT/dev/shm"},
		{"/dev/shm", mounts, mounting(is(mountFlags, closedMount), isNot(mountData, 0)), "mounting /dev/shm"},
		{"a /dev that is read-only", mounts, mounting(is(mountFlags, restricting|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NOEXEC)), "making /dev read-only"},
		{"a bind that can be written to", mounts, mounting(has(mountFlags, restricting|unix.MS_NODEV, unix.MS_RDONLY|unix.MS_NOEXEC)), "restricting DATA"},
		{"another root", mounts, failing(unix.SYS_PIVOT_ROOT), "changing the root"},
		{"leaving the host's", mounts, failing(unix.SYS_UMOUNT2), "leaving the host's root"},
		{"a device", chroots, failing(unix.SYS_MKNODAT, has(2, unix.S_IFCHR, 0)), "making the device null"},
		{"a device's mode", chroots, failing(unix.SYS_FCHMODAT), "chmod ROOT/dev/null"},
		{"a pipe with a name", chroots, failing(unix.SYS_MKNODAT, has(2, unix.S_IFIFO, unix.S_IFCHR)), "making /dev/stdout"},
		{"names of output", chroots, failing(unix.SYS_MKDIRAT), "making /proc/1/fd"},
		{"the listener", both, failing(unix.SYS_LISTEN), "listening on 127.0.0.1"},
		{"the program's process", mounts, failing(unix.SYS_CLONE, has(0, unix.CLONE_VFORK, unix.CLONE_NEWPID)), "starting the program"},
		{"waiting", mounts, failing(unix.SYS_WAITID, is(0, unix.P_ALL)), "waiting for the program"},
		{"a limit", both, failing(unix.SYS_PRLIMIT64, is(1, unix.RLIMIT_FSIZE)), "limiting the size of files"},
		{"the chroot", chroots, failing(unix.SYS_CHROOT), "changing the root folder"},
		{"the bounding set", mounts, failing(unix.SYS_PRCTL, is(0, unix.PR_CAPBSET_DROP)), "dropping capabilities"},
		{"the groups", mounts, failing(unix.SYS_SETGROUPS), "leaving supplementary groups"},
		{"the group", mounts, failing(unix.SYS_SETRESGID), "changing the group"},
		{"the user", mounts, failing(unix.SYS_SETRESUID), "changing the user"},
		{"ambient capabilities", mounts, failing(unix.SYS_PRCTL, is(0, unix.PR_CAP_AMBIENT)), "clearing ambient capabilities"},
		{"capabilities", mounts, failing(unix.SYS_CAPSET), "clearing capabilities"},
		{"no_new_privs", mounts, failing(unix.SYS_PRCTL, is(0, unix.PR_SET_NO_NEW_PRIVS)), "setting no_new_privs"},
		{"the filter", both, failing(unix.SYS_SECCOMP), "filtering system calls"},
	}
	underWays(t, func(t *testing.T, s sandbox.Spec) {
		s.Limits.FileSize = 1 << 30
		folders := strings.NewReplacer("ROOT", s.Root, "POINT", s.MountPoint, "DATA", s.Binds[0].Source)
		for _, tc := range cases {
			if !slices.Contains(tc.ways, s.Way) {
				continue
			}
			t.Run(tc.name, func(t *testing.T) {
				beside(t, s)
				got, _ := outcomeUnder(t, underRefusal{Refused: []refusal{tc.refused}, Spec: s, Path: "/bin/program", Program: "exit 0"})
				if want := folders.Replace(tc.want); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "input/output error") {
					t.Errorf("got %s, want %s: input/output error", got, want)
				}
				if _, err := os.Lstat(s.Binds[0].Source); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

var (
	mounts  = []sandbox.Way{sandbox.Mounts}
	chroots = []sandbox.Way{sandbox.Chroot}
	both    = []sandbox.Way{sandbox.Mounts, sandbox.Chroot}
)

// underWays runs a test with a sandbox of each way.
func underWays(t *testing.T, test func(t *testing.T, s sandbox.Spec)) {
	eachOf(t, both, func(t *testing.T, way sandbox.Way) { test(t, spec(t, way)) })
}

// beside runs a test in parallel with others of the same sandbox, except in a
// chroot, which moves its binds.
func beside(t *testing.T, s sandbox.Spec) {
	t.Helper()
	if s.Way != sandbox.Chroot {
		t.Parallel()
		return
	}
	makeTargets(t, s)
}

// makeTargets makes the folders for a chroot's binds again: its end moves them
// away.
func makeTargets(t *testing.T, s sandbox.Spec) {
	t.Helper()
	for _, b := range s.Binds {
		if err := os.MkdirAll(filepath.Join(s.Root, b.Target), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
