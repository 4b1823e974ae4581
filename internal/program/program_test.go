package program_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

func TestMain(m *testing.M) {
	program.Hurry()
	flag.Parse()
	flag.Set("test.parallel", "16") // tests that wait take no processor
	os.Exit(m.Run())
}

// soon limits how long a process that a program leaves behind may delay its
// caller.
const soon = 12 * time.Second

// run runs a line of shell; pid is what the line has written into the file $PID.
func run(t *testing.T, line string) (out string, left []program.Process, took time.Duration, pid int, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pid")
	var both bytes.Buffer
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), "PID="+file)
	cmd.Stdout, cmd.Stderr = &both, &both
	start := time.Now()
	left, err = program.Run(cmd)
	took = time.Since(start)
	text, _ := os.ReadFile(file)
	pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	if pid > 0 {
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	}
	return both.String(), left, took, pid, err
}

// runs reports whether a process is there and does not end either.
func runs(pid int) bool {
	for range 50 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(text, []byte(") Z ")) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

func TestWhatAProgramLeavesBehindEndsSoon(t *testing.T) {
	for _, tc := range []struct{ name, line, named string }{
		{"a process of its group that holds its output", `sleep 60 & echo $! >$PID; echo done`, "sleep 60"},
		{"one that holds nothing", `sleep 60 >/dev/null 2>&1 </dev/null & echo $! >$PID; echo done`, "sleep 60"},
		{"one of a session of its own", `setsid sh -c 'echo $$ >$PID; exec sleep 60' & until [ -s $PID ]; do sleep 0.01; done; echo done`, "sleep 60"},
		{"one that holds nothing but the standard error", `setsid sh -c 'echo $$ >$PID; exec sleep 60 >/dev/null' & until [ -s $PID ]; do sleep 0.01; done; echo done`, "sleep 60"},
		{"one that heeds no signal that can be caught", `sh -c 'trap "" TERM INT HUP; echo $$ >$PID; while :; do sleep 1; done' & until [ -s $PID ]; do sleep 0.01; done; echo done`, "sh"},
		{"one that prints without an end", `setsid sh -c 'echo $$ >$PID; while :; do echo more; sleep 0.01; done' & until [ -s $PID ]; do sleep 0.01; done; echo done`, "sh"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, left, took, pid, err := run(t, tc.line)
			if err != nil || !strings.Contains(out, "done\n") {
				t.Errorf("got %q, %v", out, err)
			}
			if took > soon {
				t.Errorf("it took %s, want %s at most", took, soon)
			}
			if pid == 0 || runs(pid) {
				t.Errorf("process %d goes on", pid)
			}
			if names := program.Names(left); !strings.Contains(names, tc.named) {
				t.Errorf("got the names %q, want %q among them", names, tc.named)
			}
		})
	}
}

func TestRemainingProcessesMayFinish(t *testing.T) {
	t.Parallel()
	out, left, _, _, err := run(t, `(sleep 0.1; echo late) & echo early`)
	if out != "early\nlate\n" || len(left) != 0 || err != nil {
		t.Errorf("got %q, %v, %v", out, left, err)
	}
}

func TestAFailureDoesNotWaitForTheRest(t *testing.T) {
	t.Parallel()
	out, left, took, pid, err := run(t, `sleep 60 & echo $! >$PID; echo why; exit 3`)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || out != "why\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if len(left) != 1 || left[0].Pid != pid || runs(pid) || took > 3*time.Second {
		t.Errorf("got %v after %s", left, took)
	}
}

func TestAProgramThatLeavesNothingIsNotWaitedFor(t *testing.T) {
	out, left, took, _, err := run(t, `echo a; echo b >&2`)
	if out != "a\nb\n" || len(left) != 0 || err != nil || took > 2*time.Second {
		t.Errorf("got %q, %v, %v after %s", out, left, err, took)
	}
}

// slow is a slow writer.
type slow struct {
	bytes.Buffer
}

func (s *slow) Write(b []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Buffer.Write(b)
}

func TestASlowWriterGetsEverything(t *testing.T) {
	t.Parallel()
	var out slow
	cmd := exec.Command("sh", "-c", "head -c 60000 /dev/zero; echo end")
	cmd.Stdout = &out
	left, err := program.Run(cmd)
	if err != nil || len(left) != 0 || out.Len() != 60004 {
		t.Errorf("got %d bytes, %v, %v", out.Len(), left, err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestAWritersErrorIsReturned(t *testing.T) {
	cmd := exec.Command("echo", "x")
	cmd.Stdout = broken{}
	if _, err := program.Run(cmd); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingProgramIsAnError(t *testing.T) {
	cmd := exec.Command(filepath.Join(t.TempDir(), "none"))
	cmd.Stdout = &bytes.Buffer{}
	if _, err := program.Run(cmd); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNamesAreNoOrdersToATerminalAndNoSecrets(t *testing.T) {
	t.Parallel()
	_, left, _, _, _ := run(t, "sh -c 'exec -a \"$(printf \"\\033]0;x\\007\")\" sleep 60' 2>/dev/null & bash -c 'exec -a \"$(printf \"a\\033b\")\" sleep 60 60' & sleep 0.3; exit 1")
	names := program.Names(left)
	if strings.ContainsAny(names, "\x1b\x07") || len(left) == 0 {
		t.Errorf("got %q", names)
	}
	_, left, _, _, _ = run(t, "sleep 60 61 & exit 1")
	if names := program.Names(left); !strings.HasPrefix(names, "sleep 60 (") {
		t.Errorf("got %q", names)
	}
}

func TestNamesAreFew(t *testing.T) {
	all := make([]program.Process, 8)
	if got := program.Names(all); !strings.HasSuffix(got, ", 3 more") {
		t.Errorf("got %q", got)
	}
}
