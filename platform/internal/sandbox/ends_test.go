//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestEverythingEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		begin := time.Now()
		run(t, s, "orphan") // returns when no process holds its output any more
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

// Nothing is made for a caller that is gone.
func TestAFirstProcessWithoutACallerEnds(t *testing.T) {
	for _, connected := range []bool{true, false} {
		var far *os.File
		if connected {
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			unix.Close(fds[0])
			far = os.NewFile(uintptr(fds[1]), "far")
		} else {
			var err error
			if far, err = os.Open(os.DevNull); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Args, cmd.ExtraFiles = []string{"armature-sandbox"}, []*os.File{far}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || len(out) > 0 {
			t.Errorf("connected before: %v: got %v, %s, want status 1", connected, err, out)
		}
		far.Close()
	}
}

// Of many that are made, a context that is over ends one before it is there.
func TestWhatIsCancelledIsNotMade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 50 {
			box, err := sandbox.Start(ctx, spec(t, way))
			if errors.Is(err, context.Canceled) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			box.Close()
		}
		t.Error("all are made")
	})
}

func TestCancellingWhileTheSandboxIsMadeEndsIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		for i := range 5 {
			s := spec(t, way)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Duration(2*i)*time.Millisecond, cancel)
			done := make(chan error, 1)
			go func() {
				box, err := sandbox.Start(ctx, s)
				if err == nil {
					err = box.Close()
				}
				done <- err
			}()
			select {
			case <-done: // made or not, it has ended
			case <-time.After(patience):
				t.Fatal("it waits for a process that is gone")
			}
			cancel()
		}
	})
}
