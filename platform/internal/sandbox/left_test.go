//go:build linux

package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["leaves an orphan"] = func() {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{"PROGRAM=sleep"}
		fmt.Print(cmd.Start())
	}
	programs["newest"] = func() {
		err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		if _, missing := os.Stat("/proc/thread-self/children"); missing != nil {
			fmt.Print("skip: ", missing)
			return
		}
		for range 3 {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = []string{"PROGRAM=leaves an orphan"}
			err = errors.Join(err, cmd.Run())
		}
		sandbox.StopNewest()
		fmt.Print(err, " ")
		time.Sleep(20 * time.Millisecond) // a signal to another process arrives a little later
		for _, pid := range sandbox.FirstProcesses(os.Getpid()) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			_, _, state, _ := sandbox.ParseStat(string(text))
			fmt.Printf("%c", state)
		}
		fmt.Print(" ", sandbox.EndDescendants())
	}
	programs["leave and wait"] = func() {
		startSleep(nil)
		fmt.Print("waiting")
		for _, err := os.Stat("/data/go"); err != nil; _, err = os.Stat("/data/go") {
			time.Sleep(time.Millisecond)
		}
	}
	programs["sleep in silence"] = func() { // nobody waits for its output
		fmt.Print("sleeping")
		os.Stdout.Close()
		os.Stderr.Close()
		time.Sleep(time.Hour)
	}
	programs["blinded"] = blinded
}

// blinded hides /proc while a chroot's program runs, in the mount namespace of
// this process.
func blinded() {
	sandbox.Reexec()
	var job underRefusal
	err := json.Unmarshal([]byte(os.Getenv("JOB")), &job)
	if err == nil {
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	s := job.Spec
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.Stdout = writer(func(p []byte) (int, error) {
		err := unix.Mount("tmpfs", "/proc", "tmpfs", 0, "size=4k")
		if job.Program == "sleep in silence" { // it ends only with the sandbox
			defer cancel()
		}
		return len(p), errors.Join(err, os.WriteFile(s.Root+"/data/go", nil, 0o644))
	})
	var box *sandbox.Sandbox
	if err == nil {
		box, err = sandbox.Start(context.Background(), s)
	}
	if err != nil {
		fmt.Print(err)
		return
	}
	_, err = box.Run(ctx, sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=" + job.Program}}, nil)
	left := &failure.Failure{ID: "processes-left"}
	fmt.Print(errors.Is(err, left), " ", errors.Is(box.Close(), left))
	_, err = os.Lstat(s.Binds[0].Source)
	fmt.Print(" ", errors.Is(err, fs.ErrNotExist), " ", unix.Unmount("/proc", 0))
	for _, line := range chained(s.User) {
		pid, _ := strconv.Atoi(strings.Fields(line)[0])
		unix.Kill(pid, unix.SIGKILL)
	}
}

// A program that ended well is no success if what it left may run on; neither is one
// that is ended.
func TestAProgramThatLeavesSomethingHasFailed(t *testing.T) {
	for program, want := range map[string]string{"leave and wait": "true true true <nil>", "sleep in silence": "false true true <nil>"} {
		job, err := json.Marshal(underRefusal{Spec: inChroot(t), Program: program})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{"PROGRAM=blinded", "JOB=" + string(job)}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, unix.EPERM) {
			t.Skipf("this machine refuses a mount namespace: %v", err)
		}
		if err != nil || string(out) != want {
			t.Errorf("%s: got %s, %v, want %s", program, out, err, want)
		}
	}
}

// Whatever starts others is stopped first, the newest at once.
func TestTheNewestOrphansAreStopped(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=newest"}
	out, err := cmd.CombinedOutput()
	if strings.HasPrefix(string(out), "skip") {
		t.Skipf("this kernel has no list of children: %s", out)
	}
	if want := "<nil> TTT <nil>"; err != nil || string(out) != want {
		t.Errorf("got %s, %v, want %s", out, err, want)
	}
}
