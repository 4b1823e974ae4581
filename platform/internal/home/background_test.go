//go:build linux

package home_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// finish opens homes and ends, as a call does.
func finish(dirs string) {
	for _, dir := range filepath.SplitList(dirs) {
		h, err := home.Open(dir, os.Getenv)
		if err != nil {
			panic(err)
		}
		defer h.Finish()
	}
}

// A reader of all output of a call, such as CI, need not wait for another
// process.
func TestWhatACallLeavesIsRemovedWhenItIsGone(t *testing.T) {
	h := open(t, t.TempDir())
	needSpace(t, h.Dir)
	lock, err := os.OpenFile(filepath.Join(h.Dir, "trash.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	other := open(t, t.TempDir())
	held := hold(t, filepath.Join(other.Dir, "trash.lock"))
	beside := filepath.Join(other.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(beside, 0o755); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(h.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	fill(t, left, 200)
	cmd := exec.Command("/proc/self/exe", h.Dir) // its argument, and another program name
	cmd.Env = append(os.Environ(), "FINISH="+h.Dir+":"+other.Dir)
	done := make(chan error, 1)
	go func() {
		_, err := cmd.CombinedOutput()
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("whoever reads the call's output waits for the removal")
	}
	if _, err := os.Lstat(left); err != nil {
		t.Fatalf("it is removed by then: the test tries nothing (%v)", err)
	}
	for until := time.Now().Add(20 * time.Second); !othersGoBefore(h.Dir); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("there is no process with the least priority that removes it")
		}
	}
	lock.Close()
	held.Close()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		_, err := os.Lstat(filepath.Join(h.Dir, "trash"))
		if _, otherErr := os.Lstat(filepath.Join(other.Dir, "trash")); err != nil && otherErr != nil {
			return
		}
	}
	t.Error("it is not removed")
}

// It does nothing else: FINISH names what cannot be opened.
func TestTheProcessThatEmptiesATrashEnds(t *testing.T) {
	h := open(t, t.TempDir())
	left := filepath.Join(h.Dir, "trash", strings.Repeat("a", 26))
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args, cmd.Env = []string{"armature-empties-trash", h.Dir}, append(os.Environ(), "FINISH=/dev/null/home")
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("got %s, %v", out, err)
	}
	if _, err := os.Lstat(left); err == nil {
		t.Error("it is not removed")
	}
}

// othersGoBefore reports whether a process that empties a home's trash leads a
// session, which a terminal's end does not reach, and has a thread with the lowest
// priority (proc_pid_stat(5)).
func othersGoBefore(dir string) bool {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		if line, _ := os.ReadFile(path); string(line) != "armature-empties-trash\x00"+dir+"\x00" {
			continue
		}
		threads, _ := filepath.Glob(filepath.Dir(path) + "/task/*/stat")
		for _, thread := range threads {
			text, _ := os.ReadFile(thread)
			_, rest, _ := strings.Cut(string(text), ") ")
			pid := filepath.Base(filepath.Dir(path))
			if fields := strings.Fields(rest); len(fields) > 16 && fields[3] == pid && fields[16] == "19" {
				return true
			}
		}
	}
	return false
}
