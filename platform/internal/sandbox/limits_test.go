//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["write again"] = func() {
		for _, path := range []string{"/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"} {
			file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
			if err == nil {
				_, err = fmt.Fprintln(file, path)
			}
			if err != nil {
				fmt.Println(err)
			}
		}
		names, err := os.ReadDir("/proc/1/fd")
		for _, name := range names {
			fmt.Print(name.Name(), " ")
		}
		fmt.Println(err)
	}
	programs["memory"] = func() {
		err := os.WriteFile("/memory/x", []byte("x"), 0o644)
		var stat unix.Statfs_t
		fmt.Print(err, unix.Statfs("/memory", &stat), stat.Type == unix.TMPFS_MAGIC)
	}
	programs["bomb"] = func() {
		for { // until it is unheard
			if cmd := startSleep(nil); cmd == nil {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	programs["limits"] = func() {
		for _, number := range []int{unix.RLIMIT_NPROC, unix.RLIMIT_NOFILE, unix.RLIMIT_FSIZE} {
			var limit unix.Rlimit
			err := unix.Getrlimit(number, &limit)
			fmt.Print(limit, err, " ")
		}
	}
}

// forLonely gives a sandbox a user that no other test uses, if possible.
func forLonely(t *testing.T, s sandbox.Spec) sandbox.Spec {
	t.Helper()
	if os.Geteuid() == 0 {
		s.User = lonely
		if err := os.Chown(s.Binds[0].Source, s.User, s.Group); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestEveryProgramHasTheLimits(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		s := forLonely(t, spec(t, way))
		s.Limits = sandbox.Limits{Processes: 500, OpenFiles: 64, FileSize: 1 << 20}
		if got, _ := run(t, s, "limits"); got != "{500 500} <nil> {64 64} <nil> {1048576 1048576} <nil> " {
			t.Errorf("got %s", got)
		}
	})
}

// A limit above the caller's becomes the caller's.
func TestWithoutALimitTheCallersIsLeft(t *testing.T) {
	var want string
	for _, number := range []int{unix.RLIMIT_NPROC, unix.RLIMIT_NOFILE, unix.RLIMIT_FSIZE} {
		var own unix.Rlimit
		if err := unix.Getrlimit(number, &own); err != nil {
			t.Fatal(err)
		}
		if number == unix.RLIMIT_NOFILE {
			own.Cur = own.Max
		}
		want += fmt.Sprint(own, "<nil> ")
	}
	each(t, func(t *testing.T, way sandbox.Way) {
		s := forLonely(t, spec(t, way))
		s.Limits = sandbox.Limits{OpenFiles: 1 << 62}
		if got, _ := run(t, s, "limits"); strings.ReplaceAll(got, " <nil>", "<nil>") != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestTheDefaultLimitsLeaveTheMachineSome(t *testing.T) {
	got := sandbox.DefaultLimits()
	if got.Processes < 1024 || got.OpenFiles < 1024 || got.FileSize < 1<<30 {
		t.Errorf("got %+v, too few for a build", got)
	}
	for _, path := range []string{"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"} {
		if most := number(t, path); got.Processes > most/2 {
			t.Errorf("got %d processes, want at most half of the %d of %s", got.Processes, most, path)
		}
	}
}

// A program that starts others up to its limit is ended.
func TestABombEndsWithAnIDAndNotTheMachine(t *testing.T) {
	tier.Beyond(t, "as many processes as a user may have")
	each(t, func(t *testing.T, way sandbox.Way) {
		s := forLonely(t, spec(t, way))
		s.Limits.Processes = 120
		var out bytes.Buffer
		s.Stdout = &out
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err = box.Run(ctx, sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=bomb"}}, nil)
		var f *failure.Failure
		if !errors.As(err, &f) || f.ID != "out-of-processes" || !f.Transient || !errors.Is(err, sandbox.ErrProcesses) {
			t.Errorf("got %v, want out-of-processes", err)
		}
		if took := time.Since(begin); took > patience {
			t.Errorf("it took %s", took)
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "resource temporarily unavailable") {
			t.Errorf("it did not come to the limit: %s", &out)
		}
		if left := processesOf(s.Root); len(left) > 0 {
			t.Errorf("still running: %v", left)
		}
	})
}

func init() {
	programs["find"] = func() {
		sandbox.Reexec()
		limit, _ := strconv.ParseUint(os.Getenv("LIMIT"), 10, 64)
		if err := syscall.Setrlimit(unix.RLIMIT_NPROC, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			fmt.Println(err)
		}
		_, err := sandbox.Find(context.Background(), os.Getenv("DIR"), sandbox.Users)
		fmt.Println("found:", err)
	}
}

// Whatever the process limit, there is one reason, or armature itself cannot run.
func TestFewProcessesAreTheReasonWhereverTheyEnd(t *testing.T) {
	tier.Beyond(t, "many processes of one user")
	if os.Geteuid() != 0 {
		t.Skip("becoming another user takes root")
	}
	need(t, sandbox.Users)
	dir, err := os.MkdirTemp("", "limits-") // t.TempDir is in a folder for root only
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir+"/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	install(t, dir)
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, lonely, lonely)); err != nil {
		t.Fatal(err)
	}
	found := false
	for limit := 1; limit < 40 && !found; limit++ {
		cmd := exec.Command(dir + "/bin/program")
		cmd.Env = []string{"PROGRAM=find", fmt.Sprint("LIMIT=", limit), "DIR=" + dir}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: lonely, Gid: lonely}}
		out, err := cmd.CombinedOutput()
		got := string(out)
		found = strings.HasSuffix(got, "found: <nil>\n")
		if !found && !strings.Contains(got, "[out-of-processes]") && !strings.Contains(got, "failed to create new OS thread") {
			t.Errorf("%d processes: got %s, %v", limit, got, err)
		}
	}
	if !found {
		t.Error("no number of processes is enough")
	}
}

// A temporary error suggests neither capabilities nor another way.
func TestAMachineWithoutAnotherProcessIsNoReasonAgainstAWay(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root has no limit of processes")
	}
	var before syscall.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, (*unix.Rlimit)(&before)); err != nil {
		t.Fatal(err)
	}
	none := before
	none.Cur = 0
	defer syscall.Setrlimit(unix.RLIMIT_NPROC, &before)
	if err := syscall.Setrlimit(unix.RLIMIT_NPROC, &none); err != nil {
		t.Fatal(err)
	}
	_, err := sandbox.Find(t.Context(), t.TempDir(), sandbox.Ways()...)
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "out-of-processes" || !f.Transient || strings.Contains(f.Remedy, "SYS_ADMIN") {
		t.Errorf("got %v, want out-of-processes", err)
	}
}

func TestWhatIsReadOfAProcess(t *testing.T) {
	for text, want := range map[string]struct {
		pid, parent int
		state       byte
	}{
		"12 (node) S 7":         {12, 7, 'S'},
		"12 (a) R 1 (b) c) T 7": {12, 7, 'T'}, // a name that looks like further fields
	} {
		text += strings.Repeat(" 0", 18)
		if pid, parent, state, ok := sandbox.ParseStat(text); !ok || pid != want.pid || parent != want.parent || state != want.state {
			t.Errorf("%q: got %d, %d, %c, %v", text, pid, parent, state, ok)
		}
	}
	for _, text := range []string{"", "12 node S 7", "x (node) S 7" + strings.Repeat(" 0", 18), "12 (node) S" + strings.Repeat(" 0", 18), "12 )node( S 7" + strings.Repeat(" 0", 18)} {
		if _, _, _, ok := sandbox.ParseStat(text); ok {
			t.Errorf("%q is taken for a process", text)
		}
	}
}

// number returns a kernel setting.
func number(t *testing.T, path string) int64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
