package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

// program is the supervisor as it ships.
var program = testprogram.Program{Source: "."}

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// patience is how long a test waits for what takes milliseconds.
const patience = 20 * time.Second

// running is a supervisor whose child has said "ready".
type running struct {
	*exec.Cmd
	t      *testing.T
	stderr bytes.Buffer
	lines  chan string // what it prints after "ready"
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{Cmd: exec.Command(program.Path(t), args...), t: t, lines: make(chan string, 100)}
	stdout, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Stderr = &r.stderr
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			r.lines <- scanner.Text()
		}
		close(r.lines)
	}()
	r.wantLine("ready")
	return r
}

func (r *running) line() (string, bool) {
	r.t.Helper()
	select {
	case line, ok := <-r.lines:
		return line, ok
	case <-time.After(patience):
		r.t.Fatal("the supervisor's child said nothing")
		return "", false
	}
}

func (r *running) wantLine(want string) {
	r.t.Helper()
	if got, _ := r.line(); got != want {
		r.t.Fatalf("got the line %q, want %q; stderr: %s", got, want, r.stderr.String())
	}
}

func (r *running) send(s syscall.Signal) {
	r.t.Helper()
	if err := r.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// status waits for the end.
func (r *running) status() int {
	r.t.Helper()
	done := make(chan struct{})
	go func() {
		for range r.lines {
		}
		r.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		r.t.Fatal("the supervisor does not end")
	}
	return r.ProcessState.ExitCode()
}

func TestExitStatusIsTheChilds(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want int
	}{
		{"a command that succeeds", []string{"--", "true"}, 0},
		{"a command that fails", []string{"--", "sh", "-c", "exit 3"}, 3},
		{"a script that fails", []string{"-shell", "exit 7", "--"}, 7},
		{"a script with a pipe", []string{"-shell", "exit 7 | exit 5", "--"}, 5},
		{"a command that a signal ends", []string{"--", "sh", "-c", "kill -TERM $$"}, 143},
		{"one that is killed", []string{"--", "sh", "-c", "kill -KILL $$"}, 137},
		{"a command that does not exist", []string{"--", "no-such-command"}, 127},
		{"a file that does not exist", []string{"--", "./no-such-file"}, 127},
		{"a file that is no program", []string{"--", "./main.go"}, 126},
		{"nothing to start", []string{"--"}, 64},
		{"an option that does not exist", []string{"-nice", "--", "true"}, 64},
		{"a pre script that fails", []string{"-pre", "exit 4", "-shell", "exit 5", "--"}, 4},
		{"a script that fails before post", []string{"-shell", "exit 5", "-post", "exit 6", "--"}, 5},
		{"a post script that fails", []string{"-pre", "true", "-shell", "true", "-post", "exit 6", "--"}, 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := exec.Command(program.Path(t), tc.args...)
			output, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != tc.want {
				t.Errorf("got %d, want %d; output: %s", got, tc.want, output)
			}
		})
	}
}

func TestArgumentsArriveWhole(t *testing.T) {
	given := []string{"a b", "", "$HOME", "*", `"quoted'`, "-x"}
	want := "<a b><><$HOME><*><\"quoted'><-x>"
	for _, tc := range []struct {
		name string
		args []string
	}{
		{"of a command", []string{"--", "printf", "<%s>"}},
		{"of a script, where the container's follow its own", []string{"-shell", "true && printf '<%s>'", "--"}},
		{"of a script that says where they go", []string{"-shell", `printf '<%s>' "$@" | cat`, "--"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			output, err := exec.Command(program.Path(t), append(tc.args, given...)...).Output()
			if err != nil || string(output) != want {
				t.Errorf("got %s, %v, want %s", output, err, want)
			}
		})
	}
}

func TestHooksRunInOrderAndKnowTheirNames(t *testing.T) {
	say := func(what string) string { return "echo " + what + " $npm_lifecycle_event" }
	cmd := exec.Command(program.Path(t), "-event", "serve", "-pre", say("1"), "-shell", say("2"), "-post", say("3"), "--", "argument")
	cmd.Env = append(os.Environ(), "npm_lifecycle_event=other")
	output, err := cmd.Output()
	want := "1 preserve\n2 serve argument\n3 postserve\n"
	if err != nil || string(output) != want {
		t.Errorf("got %q, %v, want %q", output, err, want)
	}
}

func TestNothingRunsAfterAFailure(t *testing.T) {
	output, _ := exec.Command(program.Path(t), "-pre", "echo pre; false", "-shell", "echo main", "-post", "echo post", "--").Output()
	if string(output) != "pre\n" {
		t.Errorf("after a pre script that fails: got %q", output)
	}
	output, _ = exec.Command(program.Path(t), "-shell", "echo main; false", "-post", "echo post", "--").Output()
	if string(output) != "main\n" {
		t.Errorf("after a script that fails: got %q", output)
	}
}

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

// The less usual signals are forwarded a little later than the child starts.
func TestOtherSignalsReachTheChildSoon(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGALRM, unix.SIGVTALRM, unix.SIGIO, unix.SIGPWR, 35, 64} {
		t.Run(fmt.Sprint(int(s)), func(t *testing.T) {
			r := start(t, "--", "sh", "-c", trapping(s))
			time.AfterFunc(50*time.Millisecond, func() { r.Process.Signal(s) })
			time.AfterFunc(5*time.Second, func() { r.Process.Signal(s) }) // on a machine that is very busy
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

// A process of the group that outlives the group's leader may close, too: the
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

// Without a signal nobody waits for what a leader leaves behind: it may never
// end.
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

// The server behind a shell gets the signal, the time to close, and its status
// to be the container's.
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

func TestPostRunsAfterAServerThatClosedWell(t *testing.T) {
	r := start(t, "-shell", "trap 'exit 0' TERM; "+loop, "-post", "echo post", "--")
	r.send(unix.SIGTERM)
	r.wantLine("post")
	if got := r.status(); got != 0 {
		t.Errorf("got %d, want 0", got)
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

func TestAScriptThatNamesNoProgramIsForTheShell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "start.sh")
	if err := os.WriteFile(path, []byte("echo \"$0 <$1> <$2>\"\nexit 5\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program.Path(t), "--", path, "a b", "c")
	output, _ := cmd.CombinedOutput()
	if got, want := string(output), path+" <a b> <c>\n"; got != want || cmd.ProcessState.ExitCode() != 5 {
		t.Errorf("got %q and %d, want %q and 5", got, cmd.ProcessState.ExitCode(), want)
	}
}

func TestOrphansAreReaped(t *testing.T) {
	r := start(t, "--", "sh", "-c", "(sh -c 'echo $PPID >/dev/null; exit 0' & ) ; (sleep 0.05 & ); sleep 0.3; echo ready; "+loop)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", r.Process.Pid, r.Process.Pid))
	if err != nil {
		t.Skipf("this kernel does not list children: %s", err)
	}
	for _, pid := range strings.Fields(string(children)) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err == nil && strings.Contains(string(stat), ") Z ") {
			t.Errorf("a zombie is left: %s", stat)
		}
	}
	r.send(unix.SIGTERM)
	r.status()
}

func TestStandardInputReachesTheChild(t *testing.T) {
	cmd := exec.Command(program.Path(t), "--", "cat")
	cmd.Stdin = strings.NewReader("hello")
	if output, err := cmd.Output(); err != nil || string(output) != "hello" {
		t.Errorf("got %q, %v", output, err)
	}
}

func TestItIsSmallAndStatic(t *testing.T) {
	info, err := os.Stat(program.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 3<<20 {
		t.Errorf("got %d bytes, want 3 MiB at most", info.Size())
	}
	file, err := os.Open(program.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("ld-linux")) {
		t.Error("it wants a dynamic loader")
	}
}
