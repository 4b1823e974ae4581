package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loop keeps a shell alive without a child that a signal would end first.
const loop = "echo ready; while :; do read line || sleep 0.01; done"

func TestSignalsReachTheChild(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH} {
		t.Run(unix.SignalName(s), func(t *testing.T) {
			r := start(t, "--", "sh", "-c", trapping(s))
			r.send(s)
			r.wantLine("caught")
			if got := r.status(); got != 7 {
				t.Errorf("got %d, want 7", got)
			}
		})
	}
}

func trapping(s syscall.Signal) string {
	return fmt.Sprintf("trap 'echo caught; exit 7' %d; %s", s, loop)
}

// Less usual signals are caught only after the child starts.
func TestOtherSignalsReachTheChildSoon(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGALRM, unix.SIGVTALRM, unix.SIGIO, unix.SIGPWR, 35, 64} {
		t.Run(fmt.Sprint(int(s)), func(t *testing.T) {
			r := start(t, "--", "sh", "-c", trapping(s))
			time.AfterFunc(50*time.Millisecond, func() { r.Process.Signal(s) })
			time.AfterFunc(5*time.Second, func() { r.Process.Signal(s) }) // on a busy machine
			r.wantLine("caught")
			if got := r.status(); got != 7 {
				t.Errorf("got %d, want 7", got)
			}
		})
	}
}

func TestASignalWithoutAHandlerEndsWith128AndItsNumber(t *testing.T) {
	for s, want := range map[syscall.Signal]int{unix.SIGTERM: 143, unix.SIGINT: 130, unix.SIGHUP: 129} {
		r := start(t, "--", "sh", "-c", loop)
		r.send(s)
		if got := r.status(); got != want {
			t.Errorf("%s: got %d, want %d", unix.SignalName(s), got, want)
		}
	}
}

func TestNodeEndsAtOnce(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node here to try it with")
	}
	const server = "require('http').createServer().listen(0, () => console.log('ready'))"
	r := start(t, "--", "node", "-e", server)
	begin := time.Now()
	r.send(unix.SIGTERM)
	if got := r.status(); got != 143 {
		t.Errorf("got %d, want 143", got)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %s", took)
	}
}

// A process that outlives its group's leader may close, too, although the
// container would end with the supervisor.
func TestTheRestOfTheGroupIsWaitedForAfterASignal(t *testing.T) {
	const script = `
		trap 'exit 3' TERM
		(trap 'sleep 0.3; : > "$0"; exit 0' TERM; echo ready; exec >/dev/null 2>&1; while :; do sleep 0.01; done) &
		wait`
	closed := filepath.Join(t.TempDir(), "closed")
	r := start(t, "--", "sh", "-c", script, closed)
	r.send(unix.SIGTERM)
	if got := r.status(); got != 3 {
		t.Errorf("got the status %d, want the leader's 3", got)
	}
	if _, err := os.Stat(closed); err != nil {
		t.Errorf("the supervisor ended before the rest of the group: %v", err)
	}
}

// Without a signal the supervisor does not wait for what a leader leaves behind:
// it may never end.
func TestTheRestOfTheGroupIsNotWaitedForWithoutASignal(t *testing.T) {
	began := time.Now()
	r := start(t, "--", "sh", "-c", `(exec >/dev/null 2>&1; exec sleep 60) & echo ready; echo $!; exit 4`)
	line, _ := r.line()
	left, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(left, syscall.SIGKILL) })
	if got := r.status(); got != 4 || time.Since(began) > patience/2 {
		t.Errorf("got the status %d after %s, want 4 at once", got, time.Since(began))
	}
}

// The server behind a shell gets the signal and the time to close, and its status
// becomes the container's.
func TestAServerBehindAShellMayClose(t *testing.T) {
	for _, script := range []string{"sh -c %q; echo never", "true && sh -c %q", "A=1 sh -c %q || exit", "{ sh -c %q; }"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR2} {
				server := fmt.Sprintf("trap 'sleep 0.1; echo closed; exit 7' %d; %s", s, loop)
				r := start(t, "-shell", fmt.Sprintf(script, server), "--")
				r.send(s)
				r.wantLine("closed")
				if got := r.status(); got != 7 && s != unix.SIGUSR2 {
					t.Errorf("%s: got %d, want 7", unix.SignalName(s), got)
				}
			}
		})
	}
}

// Neither ends the shell: Node.js starts its inspector with the one.
func TestASignalThatMeansNoEndLeavesTheScriptRunning(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGUSR1, unix.SIGUSR2} {
		r := start(t, "-shell", fmt.Sprintf("true && sh -c %q", fmt.Sprintf("trap 'echo caught' %d; %s", s, loop)), "--")
		r.send(s)
		r.wantLine("caught")
		r.send(s)
		r.wantLine("caught")
		r.send(unix.SIGTERM)
		if got := r.status(); got != 143 {
			t.Errorf("%s: got %d, want 143", unix.SignalName(s), got)
		}
	}
}

func TestSignalsArriveMoreThanOnce(t *testing.T) {
	r := start(t, "--", "sh", "-c", "n=0; trap 'n=$((n+1)); echo $n; [ $n = 3 ] && exit 9' TERM; "+loop)
	for _, want := range []string{"1", "2", "3"} {
		r.send(unix.SIGTERM)
		r.wantLine(want)
	}
	if got := r.status(); got != 9 {
		t.Errorf("got %d, want 9", got)
	}
}

func TestNothingStartsAfterAPreScriptThatWasAskedToEnd(t *testing.T) {
	r := start(t, "-pre", "trap 'exit 0' TERM; "+loop, "--", "echo", "main")
	r.send(unix.SIGTERM)
	if line, ok := r.line(); ok {
		t.Errorf("it says %q", line)
	}
	if got := r.status(); got != 143 {
		t.Errorf("got %d, want 143", got)
	}
}
