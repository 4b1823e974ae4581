package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// patience is the time limit for operations that take milliseconds.
const patience = 20 * time.Second

// running is a supervisor whose child has printed "ready".
type running struct {
	*exec.Cmd
	t      *testing.T
	stderr bytes.Buffer
	lines  chan string // its output after "ready"
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

func TestPostRunsAfterAServerThatClosedWell(t *testing.T) {
	r := start(t, "-shell", "trap 'exit 0' TERM; "+loop, "-post", "echo post", "--")
	r.send(unix.SIGTERM)
	r.wantLine("post")
	if got := r.status(); got != 0 {
		t.Errorf("got %d, want 0", got)
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
