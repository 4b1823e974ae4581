//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process that reuses an id is another one.
func TestASignalIsForTheProcessThatWasSeen(t *testing.T) {
	sleeping := startSleeper(t)
	p, ok := parseStat(read(procStat(sleeping)))
	if !ok || p.pid != sleeping || p.parent != os.Getpid() || p.held() || p.ended() {
		t.Fatalf("got %+v, %v", p, ok)
	}
	other := p
	other.start += "0"
	before := openFiles(t)
	other.signal(unix.SIGKILL)
	p.signal(unix.SIGSTOP)
	if now := openFiles(t); now != before {
		t.Errorf("%d files are open, before %d", now, before)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(sleeping, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("got %v, %v, want that it was stopped and not killed", status, err)
	}
	if now, _ := parseStat(read(procStat(sleeping))); !now.held() || now.ended() {
		t.Errorf("stopped, its state is %c", now.state)
	}
	if childless() == nil {
		t.Error("there is a child, and it is not seen")
	}
	p.signal(unix.SIGKILL)
	var ended unix.Siginfo
	if err := unix.Waitid(unix.P_PID, sleeping, &ended, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if now, _ := parseStat(read(procStat(sleeping))); !now.held() || !now.ended() {
		t.Errorf("killed, its state is %c", now.state)
	}
	if _, err := unix.Wait4(sleeping, &status, 0, nil); err != nil || status.Signal() != unix.SIGKILL {
		t.Errorf("got %v, %v", status, err)
	}
}

// openFiles counts this process's open files.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// startSleeper starts a sleeping program without waiting for it.
func startSleeper(t *testing.T) int {
	t.Helper()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"sleeper"}, &syscall.ProcAttr{Env: []string{"PROGRAM=sleep"}})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func procStat(pid int) string { return filepath.Join("/proc", strconv.Itoa(pid), "stat") }

func TestAChildIsTheWholeOfANumber(t *testing.T) {
	for _, tc := range []struct {
		list, field string
		want        bool
	}{{"12 345 6 ", "12", true}, {"12 345 6 ", "345", true}, {"12 345 6 ", "6", true}, {"12 345 6 ", "2", false}, {"12 345 6 ", "45", false}, {"12 345 6 ", "34", false}, {"", "1", false}} {
		if got := isChild([]byte(tc.list), tc.field); got != tc.want {
			t.Errorf("%s in %q: got %v", tc.field, tc.list, got)
		}
	}
}

func TestDescendantsAreThoseOfThisProcessAlone(t *testing.T) {
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	sleeping := startSleeper(t)
	below, err := descendants()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range below {
		found = found || p.pid == sleeping
		if p.pid == os.Getpid() || p.pid == os.Getppid() {
			t.Errorf("%+v is no descendant", p)
		}
		for _, before := range all {
			if before.pid == p.pid && before.start == p.start && before.parent != os.Getpid() {
				t.Errorf("%+v was there before", p)
			}
		}
	}
	if !found {
		t.Errorf("got %v, want %d among them", below, sleeping)
	}
	if err := unix.Kill(sleeping, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, sleeping, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	reap(10*time.Millisecond, time.Second)
	if _, err := unix.Wait4(sleeping, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("it has ended, and still waits for its parent: %v", err)
	}
}

// A child that runs is no reason to wait.
func TestReapingEndsSoonAfterTheLastThatEnded(t *testing.T) {
	sleeping := startSleeper(t)
	begin := time.Now()
	reap(20*time.Millisecond, time.Minute)
	if took := time.Since(begin); took < 20*time.Millisecond || took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := unix.Kill(sleeping, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Wait4(sleeping, nil, 0, nil); err != nil {
		t.Error(err)
	}
}
