//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// lonely is a user without other processes, which count for the limits.
const lonely = 54321

// inChroot returns a chroot for a user that no other test uses.
func inChroot(t *testing.T) sandbox.Spec {
	t.Helper()
	need(t, sandbox.Chroot)
	s := spec(t, sandbox.Chroot)
	s.User = lonely
	if err := os.Chown(s.Binds[0].Source, s.User, s.Group); err != nil {
		t.Fatal(err)
	}
	return s
}

// What programs of a chroot try with each other and with the machine.
func init() {
	programs["chain"] = chain
	programs["foreign"] = func() {
		pid, _ := strconv.Atoi(os.Getenv("PID"))
		call := func(name string, number uintptr, args ...uintptr) {
			args = append(args, 0, 0, 0, 0)
			_, _, errno := syscall.RawSyscall6(number, args[0], args[1], args[2], args[3], 0, 0)
			fmt.Printf("%s %s\n", name, unix.ErrnoName(errno))
		}
		limit, set := unix.Rlimit{Cur: 1, Max: 1}, uintptr(1)
		for _, whom := range []struct {
			name string
			pid  uintptr
		}{{"another's", uintptr(pid)}, {"own", 0}} {
			call(whom.name+" limit", unix.SYS_PRLIMIT64, whom.pid, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&limit)))
			call(whom.name+" processors", unix.SYS_SCHED_SETAFFINITY, whom.pid, 8, uintptr(unsafe.Pointer(&set)))
			call(whom.name+" priority", unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, whom.pid, 19)
			call(whom.name+" turn at the disk", unix.SYS_IOPRIO_SET, 1, whom.pid, 2<<13|4)
		}
		call("the user's priority", unix.SYS_SETPRIORITY, unix.PRIO_USER, 0, 1)
		call("the user's turn at the disk", unix.SYS_IOPRIO_SET, 3, 0, 2<<13|4)
		call("shared memory", unix.SYS_SHMGET, 0x5eed, 4096, unix.IPC_CREAT|0o600)
		call("semaphores", unix.SYS_SEMGET, 0x5eed, 1, unix.IPC_CREAT|0o600)
		call("messages", unix.SYS_MSGGET, 0x5eed, unix.IPC_CREAT|0o600)
		call("a queue", unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&[]byte("x\x00")[0])), unix.O_CREAT, 0o600)
	}
}

// chain starts a copy of itself and exits, again and again, faster than a list of
// all processes can be read; it gives up after a while.
func chain() {
	fmt.Println("begun")
	dir, _ := unix.BytePtrFromString("/data")
	unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(dir)), 0, 0)
	for range 300_000 {
		pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno != 0 || pid > 0 {
			syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
}

// killing is shorter than the chain's own duration.
const killing = 15 * time.Second

// chained returns the user's running processes.
func chained(user int) (found []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		var stat unix.Stat_t
		if unix.Stat(path, &stat) == nil && int(stat.Uid) == user {
			text, _ := os.ReadFile(path + "/stat")
			found = append(found, string(text))
		}
	}
	return found
}

func TestAChainOfProcessesEndsWithTheChroot(t *testing.T) {
	for _, how := range []string{"interrupted", "left behind"} {
		t.Run(how, func(t *testing.T) {
			s := inChroot(t)
			s.Limits = sandbox.DefaultLimits()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var out bytes.Buffer
			s.Stdout = writer(func(p []byte) (int, error) {
				if how == "interrupted" {
					time.AfterFunc(200*time.Millisecond, cancel)
				}
				return out.Write(p)
			})
			box, err := sandbox.Start(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			_, err = box.Run(ctx, sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=chain"}}, nil)
			if how == "left behind" && err != nil || out.String() != "begun\n" {
				t.Errorf("got %q, %v", &out, err)
			}
			if err := box.Close(); err != nil {
				t.Error(err)
			}
			if left := chained(s.User); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if took := time.Since(begin); took > killing {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// An empty list of processes is no proof: here the process that would know is
// gone.
func TestWhatSomebodyMayStandInStaysInTheChroot(t *testing.T) {
	s := inChroot(t)
	began := make(chan struct{})
	s.Stdout = writer(func(p []byte) (int, error) { close(began); return len(p), nil })
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-began
		for _, pid := range sandbox.FirstProcesses(os.Getpid()) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		time.AfterFunc(200*time.Millisecond, func() {
			for _, line := range chained(s.User) {
				pid, _ := strconv.Atoi(strings.Fields(line)[0])
				syscall.Kill(pid, syscall.SIGKILL) // or its output would not end
			}
		})
	}()
	if _, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=sleep"}}, nil); err == nil || !strings.Contains(err.Error(), "the sandbox's first process ended (signal: killed)") {
		t.Errorf("the first process was killed: got %v", err)
	}
	if err := box.Close(); !errors.Is(err, &failure.Failure{ID: "processes-left"}) {
		t.Errorf("got %v, want processes-left", err)
	}
	if _, err := os.Lstat(s.Binds[0].Source); err == nil {
		t.Error("the folder was moved out of the chroot")
	}
}

func init() {
	programs["blind"] = func() {
		runtime.LockOSThread() // with whose mounts; any other process has the machine's
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		var sleep *exec.Cmd
		if err == nil {
			sleep = exec.Command("/proc/self/exe")
			sleep.Env = []string{"PROGRAM=sleep"}
			err = sleep.Start()
		}
		if err == nil {
			err = unix.Mount("tmpfs", "/proc", "tmpfs", 0, "size=4k")
		}
		if err != nil {
			fmt.Print("skip: ", err)
			return
		}
		fmt.Print(sandbox.EndDescendants())
		sleep.Process.Kill()
		sleep.Wait()
		fmt.Print(" then ", sandbox.EndDescendants())
	}
}

func TestWhoSeesNoProcessesDoesNotSayThatAllHaveEnded(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=blind"}
	out, err := cmd.CombinedOutput()
	if strings.HasPrefix(string(out), "skip") {
		t.Skipf("this machine refuses a mount namespace: %s", out)
	}
	if want := "ending the sandbox's processes: /proc does not show the machine's processes then <nil>"; err != nil || string(out) != want {
		t.Errorf("got %s, %v, want %s", out, err, want)
	}
}

func TestAFolderBesideOthersIsNotMovedIntoAChroot(t *testing.T) {
	s := inChroot(t)
	if err := os.Chmod(filepath.Dir(s.Binds[0].Source), 0o711); err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.Start(t.Context(), s)
	if err == nil {
		box.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "with the mode 711, want one for user 0 alone") {
		t.Errorf("got %v", err)
	}
}

func TestAChrootsProgramChangesNoOtherProcess(t *testing.T) {
	s := inChroot(t)
	got, _ := run(t, s, "foreign", fmt.Sprint("PID=", os.Getpid()))
	want := ""
	for _, what := range []string{"limit", "processors", "priority", "turn at the disk"} {
		want += "another's " + what + " EPERM\n"
	}
	for _, what := range []string{"limit", "processors", "priority", "turn at the disk"} {
		want += "own " + what + " \n"
	}
	for _, what := range []string{"the user's priority", "the user's turn at the disk", "shared memory", "semaphores", "messages", "a queue"} {
		want += what + " EPERM\n"
	}
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
