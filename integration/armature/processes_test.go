//go:build linux

package integration_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAKilledBuildLeavesNothing(t *testing.T) {
	adoptOrphans(t)
	u := newUser(t, 0)
	app := plainApp(t)
	want := u.must(app, "--tag", "app") // what takes long only once is done
	ways := []string{"", "user-namespace"}
	if os.Geteuid() == 0 {
		ways = append(ways, "chroot")
	}
	for i := range 12 {
		signal := syscall.SIGKILL
		if i%2 == 1 {
			signal = syscall.SIGINT
		}
		args := []string{"build", app, "--tag", fmt.Sprintf("killed-%d", i%3)}
		if way := ways[i%len(ways)]; way != "" {
			args = append(args, "--sandbox", way)
		}
		cmd := u.command(t.Context(), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.Duration(rand.IntN(4000)) * time.Millisecond
		time.Sleep(moment)
		cmd.Process.Signal(signal)
		cmd.Wait()
		waitForNone(t, fmt.Sprintf("%s after %s", signal, moment))
	}
	if mounts := read(t, "/proc/self/mountinfo"); strings.Contains(mounts, u.home) {
		t.Errorf("mounts are left:\n%s", mounts)
	}
	for _, tag := range []string{"app", "killed-0", "killed-1", "killed-2"} {
		if got := u.must(app, "--tag", tag); got.digest != want.digest {
			t.Errorf("%s afterwards: got %s, want %s", tag, got.digest, want.digest)
		}
	}
	if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
	if err := u.command(t.Context(), "prune").Run(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(u.cache(), "trash")); err == nil {
		t.Error("something is left in the trash")
	}
}

// Every command first tries the ways to make a sandbox.
func TestACallThatIsKilledWhileItTriesSandboxesLeavesNothing(t *testing.T) {
	u := newUser(t, 0)
	u.home = t.TempDir()
	for i := range 15 {
		cmd := u.command(t.Context(), "doctor")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 20 * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	if err := u.command(t.Context(), "doctor").Run(); err != nil {
		t.Error(err)
	}
	for _, pattern := range []string{"/.*", "/work/*"} {
		list, err := filepath.Glob(u.cache() + pattern)
		if err != nil || len(list) != 0 {
			t.Errorf("left over: %v, %v", list, err)
		}
	}
}

// descendants returns this process's descendants, including adopted orphans:
// everything that a call of armature can leave.
func descendants(t *testing.T) (found []string) {
	t.Helper()
	for { // those that have ended
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
			break
		}
	}
	parents := map[string]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state ppid ...: proc_pid_stat(5)
		after := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		parents[filepath.Base(filepath.Dir(path))] = after[1]
	}
	self := strconv.Itoa(os.Getpid())
	for pid := range parents {
		for at := pid; at != ""; at = parents[at] {
			if parents[at] == self {
				command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
				found = append(found, pid+" "+strings.ReplaceAll(string(command), "\x00", " "))
				break
			}
		}
	}
	return found
}

// adoptOrphans makes this process the parent of those below it whose parent ends.
func adoptOrphans(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// waitForNone reports processes that do not end within some seconds.
func waitForNone(t *testing.T, after string) {
	t.Helper()
	until := time.Now().Add(10 * time.Second)
	for len(descendants(t)) > 0 && time.Now().Before(until) {
		time.Sleep(10 * time.Millisecond)
	}
	if left := descendants(t); len(left) > 0 {
		t.Errorf("%s: still running %q", after, left)
	}
}
