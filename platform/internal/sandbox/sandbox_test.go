//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
	"github.com/armature-cnb/armature/platform/internal/sandbox/sandboxtest"
)

// The programs that run inside are this test itself; PROGRAM says which.
func TestMain(m *testing.M) {
	if name := os.Getenv("PROGRAM"); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Exit(sandboxtest.Main(m))
}

// patience is how long a test waits for what takes milliseconds, on a machine
// that does much else.
const patience = time.Minute

var programs = map[string]func(){
	"privileges": func() { os.Stdout.WriteString(privileges()) },
	"ask for itself": func() {
		link, _ := os.Readlink("/proc/self/exe")
		conn, err := net.Dial("tcp", os.Getenv("ADDRESS"))
		if err == nil {
			_, err = io.ReadAll(conn)
		}
		after, _ := os.Readlink("/proc/self/exe")
		fmt.Print(link, " ", err, " ", after, " ", privileges())
	},
	"environment": func() { os.Stdout.WriteString(strings.Join(os.Environ(), "\n")) },
	"exit 0":      func() {},
	"leave": func() {
		if cmd := startSleep(nil); cmd != nil {
			os.WriteFile("/data/left", []byte(strconv.Itoa(cmd.Process.Pid)), 0o644)
		}
	},
	"left": func() { // whether what "leave" started still runs
		text, _ := os.ReadFile("/data/left")
		pid, err := strconv.Atoi(string(text))
		if err == nil {
			err = syscall.Kill(pid, 0)
		}
		fmt.Println(err)
	},
	"count": func() { // how often it was called, from what is kept in /data
		file, _ := os.OpenFile("/data/count", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
		file.WriteString("x")
		info, _ := file.Stat()
		fmt.Println(info.Size())
	},
	"exit 7": func() { os.Exit(7) },
	"abort":  func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"sleep":  func() { os.Stdout.WriteString("sleeping\n"); time.Sleep(time.Hour) },
	"orphan": func() {
		startSleep(os.Stdout)
	},
	"look": func() {
		for _, path := range []string{"/", "/dev", "/data", "/proc/self/fd"} {
			list, _ := os.ReadDir(path)
			for _, entry := range list {
				os.Stdout.WriteString(filepath.Join(path, entry.Name()) + "\n")
			}
		}
	},
	"write": func() {
		for _, path := range []string{"/new", "/dev/new", "/data/new", "/fixed/new", "/proc/sys/kernel/hostname"} {
			err := os.WriteFile(path, []byte("x"), 0o644)
			os.Stdout.WriteString(path + " " + outcome(err) + "\n")
		}
	},
	"namespace": func() {
		cmd := exec.Command("/bin/program") // a chroot has no /proc/self/exe
		cmd.Env = []string{"PROGRAM=exit 0"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
		os.Stdout.WriteString(outcome(cmd.Run()))
	},
	"call": func() {
		conn, err := net.Dial("tcp", os.Getenv("ADDRESS"))
		if err != nil {
			os.Stdout.WriteString(err.Error())
			return
		}
		io.Copy(os.Stdout, conn)
	},
}

// privileges asks the kernel, since a chroot has no /proc to read them from.
func privileges() string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err.Error()
	}
	var bounding uint64
	for number := uintptr(0); ; number++ {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, number, 0, 0, 0)
		if err != nil {
			break
		}
		bounding |= uint64(has) << number
	}
	groups, _ := os.Getgroups()
	noNewPrivs, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	own := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if len(groups) > 0 {
		own += fmt.Sprint(" groups ", groups)
	}
	return fmt.Sprintf("%s effective %x permitted %x inheritable %x bounding %x no_new_privs %d", own,
		data[0].Effective|data[1].Effective, data[0].Permitted|data[1].Permitted, data[0].Inheritable|data[1].Inheritable, bounding, noNewPrivs)
}

// startSleep starts a program that nobody waits for. A chroot has no /proc/self/exe.
func startSleep(stdout io.Writer) *exec.Cmd {
	cmd := exec.Command("/bin/program")
	cmd.Env = []string{"PROGRAM=sleep"}
	cmd.Stdout = stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return nil
	}
	return cmd
}

func outcome(err error) string {
	if err != nil {
		return "refused"
	}
	return "done"
}

// each runs a test in every way that works here, and says why another does not.
func each(t *testing.T, test func(t *testing.T, way sandbox.Way)) {
	eachOf(t, sandbox.Ways(), test)
}

// eachWithNamespaces runs test in every way but the chroot, which has no
// namespaces and mounts nothing.
func eachWithNamespaces(t *testing.T, test func(t *testing.T, way sandbox.Way)) {
	eachOf(t, slices.DeleteFunc(sandbox.Ways(), func(way sandbox.Way) bool { return way == sandbox.Chroot }), test)
}

func eachOf(t *testing.T, ways []sandbox.Way, test func(t *testing.T, way sandbox.Way)) {
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			need(t, way)
			test(t, way)
		})
	}
}

// works are the ways that were tried and work here.
var works sync.Map

// need leaves a test out where this machine refuses a way. It fails where the
// machine allows, asked without a sandbox, what the way takes.
func need(t *testing.T, way sandbox.Way) {
	t.Helper()
	if _, known := works.Load(way); known {
		return
	}
	err := sandbox.Try(t.Context(), way, t.TempDir())
	if err == nil {
		works.Store(way, true)
		return
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=" + string(way), "DIR=" + t.TempDir()}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if way != sandbox.Chroot {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	}
	if way == sandbox.Users {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if out, refused := cmd.CombinedOutput(); refused != nil {
		t.Skipf("this machine refuses it: %v: %s", refused, out)
	}
	t.Fatalf("this machine allows a %s, and there is no sandbox: %v", way, err)
}

// What the ways take, each in a process of its own.
func init() {
	mount := func() {
		err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		if err == nil {
			err = unix.Mount("proc", "/proc", "proc", 0, "")
		}
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
	}
	programs[string(sandbox.Mounts)], programs[string(sandbox.Users)] = mount, mount
	programs[string(sandbox.Chroot)] = func() {
		err := unix.Mknod(filepath.Join(os.Getenv("DIR"), "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
		if err == nil {
			err = unix.Chroot(os.Getenv("DIR"))
		}
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
	}
}

// spec is a root file system with this test's executable in it, /data to write
// to and /fixed to read from.
func spec(t *testing.T, way sandbox.Way) sandbox.Spec {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	s := sandbox.Spec{
		Way: way, Root: filepath.Join(dir, "root"), MountPoint: filepath.Join(dir, "point"),
		User: 1001, Group: 1000, Hostname: "inside", Network: sandbox.Host,
		Binds: []sandbox.Bind{
			{Source: filepath.Join(dir, "host/data"), Target: "/data", Writable: true},
			{Source: filepath.Join(dir, "host/fixed"), Target: "/fixed"},
		},
	}
	for _, folder := range []string{"root/proc", "root/dev", "root/data", "root/fixed", "root/bin", "point", "host/data", "host/fixed"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(dir, "host"), 0o700)
	if os.Geteuid() == 0 {
		if err := os.Chown(s.Binds[0].Source, s.User, s.Group); err != nil {
			t.Fatal(err)
		}
	}
	install(t, s.Root)
	return s
}

// install puts this test's executable into a root: another name for it, or a copy.
func install(t *testing.T, root string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, "bin/program")
	if os.Link(self, to) == nil {
		return
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

// run runs one of programs and returns what it prints and how it ends.
func run(t *testing.T, s sandbox.Spec, program string, env ...string) (string, sandbox.Status) {
	t.Helper()
	var out bytes.Buffer
	s.Stdout, s.Stderr = &out, &out
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	status, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: append(env, "PROGRAM="+program)}, nil)
	if err != nil {
		t.Error(err)
	}
	if err := box.Close(); err != nil {
		t.Error(err)
	}
	return out.String(), status
}

func TestTheProgramHasTheUsersIDsAndNoPrivilege(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "privileges")
		if want := "1001:1000 effective 0 permitted 0 inheritable 0 bounding 0 no_new_privs 1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// Nothing of an image has the ids of whoever owns armature's folders, not even for
// a moment.
func TestAProgramOfAChrootIsToldWhereItIsAndIsNeverRoot(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Chroot)
	var out bytes.Buffer
	s := spec(t, sandbox.Chroot)
	s.Stdout = &out
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	go func() {
		if conn, err := box.Listener.Accept(); err == nil {
			conn.Close()
		}
	}()
	command := sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=ask for itself", "ADDRESS=" + box.Listener.Addr().String()}, AsksForItself: true}
	if _, err := box.Run(t.Context(), command, nil); err != nil {
		t.Fatal(err)
	}
	if want := "/bin/program <nil>  1001:1000 effective 0 permitted 0 inheritable 0 bounding 0 no_new_privs 1"; out.String() != want {
		t.Errorf("got %s, want %s", &out, want)
	}
}

func TestTheProgramHasNothingOfTheHostsEnvironment(t *testing.T) {
	t.Setenv("SECRET", "canary")
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "environment", "GIVEN=yes")
		if got != "GIVEN=yes\nPROGRAM=environment" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheProgramSeesOnlyWhatItWasGiven(t *testing.T) {
	leaked, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer leaked.Close()
	// What armature's own caller left open is inherited without close-on-exec.
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, leaked.Fd(), syscall.F_SETFD, 0); errno != 0 {
		t.Fatal(errno)
	}
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.WriteFile(filepath.Join(s.Binds[0].Source, "app.js"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		got, _ := run(t, s, "look")
		for line := range strings.Lines(got) {
			switch line = strings.TrimSpace(line); {
			case line == "/bin", line == "/proc", line == "/dev", line == "/data", line == "/fixed":
			case line == "/data/app.js", line == "/dev/shm":
			case strings.HasPrefix(line, "/dev/") && strings.Contains(" null zero full random urandom tty fd stdin stdout stderr ", " "+filepath.Base(line)+" "):
			case line == "/proc/self/fd/0", line == "/proc/self/fd/1", line == "/proc/self/fd/2":
			case strings.HasPrefix(line, "/proc/self/fd/"): // those that the Go runtime opened to look
				if n := filepath.Base(line); len(n) > 1 {
					t.Errorf("file %s is open inside", n)
				}
			default:
				t.Errorf("%s is visible inside", line)
			}
		}
	})
}

func TestOnlyWritableBindsCanBeWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		got, _ := run(t, s, "write")
		want := "/new refused\n/dev/new refused\n/data/new done\n/fixed/new refused\n/proc/sys/kernel/hostname refused\n"
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := os.Stat(filepath.Join(s.Binds[0].Source, "new")); err != nil {
			t.Error(err)
		}
	})
}

func TestTheProgramCannotMakeAUserNamespace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		if got, _ := run(t, spec(t, way), "namespace"); got != "refused" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheStatusIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		if _, got := run(t, spec(t, way), "exit 7"); got != (sandbox.Status{Code: 7}) {
			t.Errorf("got %v", got)
		}
		if _, got := run(t, spec(t, way), "abort"); got != (sandbox.Status{Signal: 9}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestAProgramThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		box, err := sandbox.Start(t.Context(), spec(t, way))
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/nowhere"}}, nil)
		var step *sandbox.Error
		if !errors.As(err, &step) || !errors.Is(err, syscall.ENOENT) || step.Step != "executing /nowhere" {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheListenerIsInTheSandboxesNetwork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		for _, network := range []sandbox.Network{sandbox.Host, sandbox.None} {
			s := spec(t, way)
			s.Network = network
			if way == sandbox.Chroot && network == sandbox.None {
				continue
			}
			var out bytes.Buffer
			s.Stdout = &out
			box, err := sandbox.Start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				conn, err := box.Listener.Accept()
				if err == nil {
					io.WriteString(conn, "hello")
					conn.Close()
				}
			}()
			address := box.Listener.Addr().String()
			_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=call", "ADDRESS=" + address}}, nil)
			if err != nil || out.String() != "hello" {
				t.Errorf("network %s: got %q, %v", network, out.String(), err)
			}
			box.Close()
		}
	})
}

func TestAnOwnNetworkReachesNothingOfTheHosts(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		s.Network = sandbox.None
		if way == sandbox.Chroot {
			if _, err := sandbox.Start(t.Context(), s); err == nil {
				t.Error("a chroot has no network of its own: got no error")
			}
			return
		}
		if got, _ := run(t, s, "call", "ADDRESS="+listener.Addr().String()); !strings.Contains(got, "refused") {
			t.Errorf("got %q", got)
		}
	})
}

func TestEverythingEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		begin := time.Now()
		run(t, s, "orphan") // returns when nobody holds its output any more
		if took := time.Since(begin); took > patience {
			t.Errorf("it took %s", took)
		}
		if left := processesOf(s.Root); len(left) > 0 {
			t.Errorf("still running: %v", left)
		}
	})
}

func TestCancellingEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		ctx, cancel := context.WithCancel(t.Context())
		s.Stdout = writer(func(p []byte) (int, error) { cancel(); return len(p), nil })
		box, err := sandbox.Start(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = box.Run(ctx, sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=sleep"}}, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		if left := processesOf(s.Root); len(left) > 0 {
			t.Errorf("still running: %v", left)
		}
	})
}

func TestSignalsReachTheProgram(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		signals := make(chan syscall.Signal, 1)
		s.Stdout = writer(func(p []byte) (int, error) { signals <- syscall.SIGTERM; return len(p), nil })
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		status, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=sleep"}}, signals)
		if err != nil || status.Signal != int(syscall.SIGTERM) {
			t.Errorf("got %v, %v", status, err)
		}
	})
}

func TestASignalThatComesTooEarlyWaitsForTheProgram(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		signals := make(chan syscall.Signal, 1)
		signals <- syscall.SIGTERM
		box, err := sandbox.Start(t.Context(), spec(t, way))
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		status, err := box.Run(ctx, sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=sleep"}}, signals)
		if err != nil || status.Signal != int(syscall.SIGTERM) {
			t.Errorf("got %v, %v", status, err)
		}
	})
}

func TestProgramsFollowOneAnotherUntilOneFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		var out bytes.Buffer
		s := spec(t, way)
		s.Stdout = &out
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		for _, step := range []struct {
			program string // none when empty
			code    int
		}{{"count", 0}, {"", 0}, {"leave", 0}, {"left", 0}, {"namespace", 0}, {"count", 0}, {"exit 7", 7}} {
			command := sandbox.Command{Heading: "next: " + step.program, Followed: true}
			if step.program != "" {
				command.Args, command.Env = []string{"/bin/program"}, []string{"PROGRAM=" + step.program}
			}
			if status, err := box.Run(t.Context(), command, nil); err != nil || status.Code != step.code {
				t.Fatalf("%q: got %v, %v, want status %d", step.program, status, err, step.code)
			}
		}
		if want := "next: count\n1\nnext: \nnext: leave\nnext: left\nno such process\nnext: namespace\nrefusednext: count\n2\nnext: exit 7\n"; out.String() != want {
			t.Errorf("got %q, want %q", &out, want)
		}
		if _, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}}, nil); err == nil {
			t.Error("a program ran after one that failed")
		}
	})
}

// Root and an ordinary user have different user namespaces.
func TestAnOrdinaryUserHasTheSame(t *testing.T) {
	tier.Beyond(t, "all tests of the package once more")
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "sandbox-test-") // t.TempDir is in a folder for root alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.MkdirAll(dir+"/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	install(t, dir)
	for _, path := range []string{dir, dir + "/bin"} {
		if err := errors.Join(os.Chmod(path, 0o755), os.Chown(path, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), dir+"/bin/program", "-test.v", "-test.timeout=5m")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestProgramsFollowOneAnotherUntilOneFails/user-namespace") {
		t.Skip("this machine has no user namespaces for ordinary users")
	}
}

func TestAMountThroughALinkOfTheImageIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Remove(s.Root + "/data"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/etc", s.Root+"/data"); err != nil {
			t.Fatal(err)
		}
		_, err := sandbox.Start(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), "/data is a symbolic link") {
			t.Errorf("got %v", err)
		}
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// processesOf are those that run a program of a root file system.
func processesOf(root string) (found []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.Contains(to, root) {
			found = append(found, link+" "+to)
		}
	}
	return found
}
