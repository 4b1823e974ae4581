//go:build linux

package sandbox_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// What malicious programs try, and the result.
func init() {
	programs["allowance"] = func() {
		text, err := os.ReadFile("/proc/sys/user/max_user_namespaces")
		if err != nil {
			fmt.Print(err)
		}
		os.Stdout.Write(text)
	}
	for name, program := range map[string]func(){
		"machine": func() {
			for _, path := range []string{"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"} {
				var stat unix.Statfs_t
				err := unix.Statfs(path, &stat)
				fmt.Printf("%s %v\n", path, errors.Is(err, unix.ENOENT) || stat.Flags&unix.ST_RDONLY != 0)
			}
			for _, path := range []string{"/proc/keys", "/proc/timer_list", "/proc/kcore"} {
				text, _ := os.ReadFile(path)
				fmt.Printf("%s %d\n", path, len(text))
			}
		},
		"may make": func() {
			text, _ := os.ReadFile("/proc/sys/user/max_user_namespaces")
			os.Stdout.Write(text)
		},
		"calls": func() {
			number := func(name string, number uintptr, args ...uintptr) {
				args = append(args, 0, 0, 0)
				_, _, errno := syscall.RawSyscall(number, args[0], args[1], args[2])
				fmt.Printf("%s %s\n", name, unix.ErrnoName(errno))
			}
			keyring := -4 // KEY_SPEC_USER_KEYRING
			number("keyctl", unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, uintptr(keyring))
			number("bpf", unix.SYS_BPF)
			number("io_uring", unix.SYS_IO_URING_SETUP, 1)
			number("clone3", unix.SYS_CLONE3)
			number("unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER|unix.CLONE_NEWNS)
			var limit unix.Rlimit
			number("limits", unix.SYS_PRLIMIT64, uintptr(os.Getppid()), unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&limit)))
			number("tiocsti", unix.SYS_IOCTL, 1, unix.TIOCSTI)
			number("getpid", unix.SYS_GETPID)
		},
		"output": func() {
			for fd := 0; fd < 3; fd++ {
				var stat unix.Stat_t
				unix.Fstat(fd, &stat)
				fmt.Printf("%d %o\n", fd, stat.Mode&unix.S_IFMT)
			}
		},
		"others": func() {
			pid, _ := strconv.Atoi(os.Getenv("PID"))
			fmt.Printf("kill %s\n", outcome(unix.Kill(pid, unix.SIGUSR1)))
			fmt.Printf("trace %s\n", outcome(unix.PtraceSeize(pid)))
			var stolen [8]byte
			local := []unix.Iovec{{Base: &stolen[0], Len: 8}}
			_, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
			fmt.Printf("read %s\n", outcome(err))
		},
	} {
		programs[name] = program
	}
}

func TestTheMachinesSettingsCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		got, _ := run(t, s, "machine")
		for line := range strings.Lines(got) {
			if fields := strings.Fields(line); len(fields) != 2 || fields[1] != "true" && fields[1] != "0" {
				t.Errorf("got %s, want a read-only file, or an empty one", line)
			}
		}
		if strings.Count(got, "\n") != 6 {
			t.Errorf("got %q", got)
		}
		if way != sandbox.Users || os.Geteuid() != 0 {
			return // an ordinary user's program is in a namespace below, which has a limit of its own
		}
		if got, _ := run(t, s, "may make"); got != "0\n" {
			t.Errorf("it may make %s user namespaces, want none", got)
		}
	})
}

func TestCallsThatReachTheKernelAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "calls")
		want := "keyctl EPERM\nbpf EPERM\nio_uring EPERM\nclone3 ENOSYS\nunshare EPERM\nlimits EPERM\ntiocsti EPERM\ngetpid \n"
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestNoUserIsTakenForRoot(t *testing.T) {
	t.Parallel()
	for _, ids := range [][2]int{{0, 0}, {-1, 1}, {1 << 32, 1}, {1<<32 - 1, 1}, {1<<32 + 5, 1}, {1, -1}, {1, 1 << 32}} {
		s := spec(t, sandbox.Ways()[0])
		s.User, s.Group = ids[0], ids[1]
		box, err := sandbox.Start(t.Context(), s)
		if err == nil {
			box.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "want a user from 1 to") {
			t.Errorf("%v: got %v", ids, err)
		}
	}
}

func TestTheProgramCannotFindTheExecutableOnDisk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Symlink("/proc/self/exe", filepath.Join(s.Root, "bin/again")); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		s.Stdout = &out
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/again", "-test.run=NONE"}, Env: []string{"PROGRAM=where"}}, nil)
		if way == sandbox.Chroot {
			if !errors.Is(err, unix.ENOENT) {
				t.Errorf("got %v", err)
			}
			return
		}
		if err != nil || !strings.HasPrefix(out.String(), "/memfd:armature") {
			t.Errorf("the executable inside is %q, %v, want one in memory", &out, err)
		}
	})
}

func init() {
	programs["where"] = func() {
		link, _ := os.Readlink("/proc/self/exe")
		file, err := os.OpenFile("/proc/self/exe", os.O_WRONLY, 0)
		if err == nil {
			_, err = file.WriteString("x")
		}
		fmt.Print(link + " " + outcome(err))
	}
}

func TestTheProgramWritesToPipes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		path := filepath.Join(t.TempDir(), "out")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		s := spec(t, way)
		s.Stdout, s.Stderr = file, file
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		if _, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=output"}}, nil); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if want := fmt.Sprintf("0 %o\n1 %o\n2 %o\n", unix.S_IFCHR, unix.S_IFIFO, unix.S_IFIFO); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}

// Two builds in one container have the same user.
func TestOneProgramCannotReachAnothersProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("becoming another user takes root")
	}
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Chmod(filepath.Dir(filepath.Dir(s.Root)), 0o755); err != nil {
			t.Fatal(err)
		}
		victim := exec.Command(filepath.Join(s.Root, "bin/program"))
		victim.Env = []string{"PROGRAM=sleep"}
		victim.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.User), Gid: uint32(s.Group)}}
		out, err := victim.StdoutPipe()
		if err == nil {
			err = victim.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		defer victim.Wait()
		defer victim.Process.Kill()
		if _, err := out.Read(make([]byte, 1)); err != nil { // it sleeps
			t.Fatal(err)
		}
		got, _ := run(t, s, "others", fmt.Sprintf("PID=%d", victim.Process.Pid))
		want := "kill refused\ntrace refused\nread refused\n"
		if way == sandbox.Chroot && !landlocksSignals() {
			want = strings.Replace(want, "kill refused", "kill done", 1)
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// landlocksSignals reports whether the kernel supports it (Landlock ABI 6).
func landlocksSignals() bool {
	version, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	return errno == 0 && version >= 6
}

func TestAChrootsDevicesAreItsOwn(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Chroot)
	s := spec(t, sandbox.Chroot)
	for path, content := range map[string]string{"dev/null": "not empty", "dev/console": "x", "dev/sub/x": "x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(s.Root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Root, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := run(t, s, "look")
	if strings.Contains(got, "/dev/console") || strings.Contains(got, "/dev/sub") || !strings.Contains(got, "/dev/null") {
		t.Errorf("got %s", got)
	}
}

// Neither may the first process, whose user namespace the program has.
func TestNoFurtherUserNamespaceIsAllowed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user's program has a namespace of its own")
	}
	need(t, sandbox.Users)
	if got, _ := run(t, spec(t, sandbox.Users), "allowance"); got != "0\n" {
		t.Errorf("got %q", got)
	}
}
