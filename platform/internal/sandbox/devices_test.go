//go:build linux

package sandbox

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Discarded output goes to /dev/null, and two streams to one target share a pipe.
func TestAChrootsOutputsAreWhatTheCallerWants(t *testing.T) {
	var one, other strings.Builder
	for _, tc := range []struct {
		name string
		spec Spec
		want [2]string // the link's target; for a pipe its owner
	}{
		{"two", Spec{Stdout: &one, Stderr: &other}, [2]string{"1234", "1234"}},
		{"one", Spec{Stdout: &one, Stderr: &one}, [2]string{"1234", "stdout"}},
		{"errors", Spec{Stderr: &one}, [2]string{"null", "1234"}},
		{"none", Spec{}, [2]string{"null", "null"}},
	} {
		tc.spec.Root, tc.spec.User, tc.spec.Group = t.TempDir(), 1234, 5678
		makeFolders(t, tc.spec.Root, "dev/old", "proc")
		if err := makeDevices(tc.spec); errors.Is(err, unix.EPERM) {
			t.Skipf("making devices takes root: %v", err)
		} else if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"stdout", "stderr"} {
			path := filepath.Join(tc.spec.Root, "dev", name)
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := os.Readlink(path)
			if stat := info.Sys().(*syscall.Stat_t); info.Mode() == fs.ModeNamedPipe|0o600 && stat.Uid == 1234 && stat.Gid == 5678 {
				got = "1234"
			}
			if got != tc.want[i] {
				t.Errorf("%s: %s is %q, %v, want %s", tc.name, name, got, info.Mode(), tc.want[i])
			}
		}
		for _, device := range devices {
			var stat unix.Stat_t
			if err := unix.Lstat(filepath.Join(tc.spec.Root, "dev", device.name), &stat); err != nil || stat.Mode != unix.S_IFCHR|0o666 || stat.Rdev != unix.Mkdev(device.major, device.minor) {
				t.Errorf("%s: got mode %o, device %x, %v", device.name, stat.Mode, stat.Rdev, err)
			}
		}
	}
}

// A user at the limit is ended; one below it is not.
func TestAUserOfAllProcessesIsSeen(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("becoming another user takes root")
	}
	const user = 54322 // unused by other tests
	sleeping, err := syscall.ForkExec("/proc/self/exe", []string{"sleeper"}, &syscall.ProcAttr{
		Env: []string{"PROGRAM=sleep"}, Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sleeps := true
	defer func() {
		if sleeps {
			unix.Kill(sleeping, unix.SIGKILL)
			unix.Wait4(sleeping, nil, 0, nil)
		}
	}()
	var before, after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &before); err != nil {
		t.Fatal(err)
	}
	files := openFiles(t)
	for most, want := range map[int64]bool{1: true, 1000: false} {
		f := &first{setup: setup{Way: Chroot, User: user, Group: user, Limits: Limits{Processes: most}}}
		for range 2 {
			if got := f.usesAll(); got != want {
				t.Errorf("of at most %d: got %v, want %v", most, got, want)
			}
		}
		f.leaving = true
		if f.usesAll() {
			t.Errorf("of at most %d: another process is started at the end", most)
		}
		f.setup.OneID = true // there is only one user
		if got, all := f.usesAll(), f.tasks(); got != (all >= most) || all < 1 || all >= 1000 {
			t.Errorf("of at most %d: got %v, of %d", most, got, all)
		}
	}
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &after); err != nil || after != before {
		t.Errorf("this process has the limit %v, before %v, %v", after, before, err)
	}
	if now := openFiles(t); now != files {
		t.Errorf("%d files are open, before %d", now, files)
	}
	f := &first{setup: setup{Way: Chroot, OneID: true, Limits: Limits{Processes: 1}}}
	ticks, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		f.watch(sleeping, nil, ticks)
	}()
	for range looksOfMany {
		if f.short.Load() {
			t.Error("it was ended too early")
		}
		ticks <- time.Now()
	}
	<-ended
	sleeps = false
	var status unix.WaitStatus
	if _, err := unix.Wait4(sleeping, &status, 0, nil); err != nil || status.Signal() != unix.SIGKILL || !f.short.Load() {
		t.Errorf("got %v, %v, want that it was killed", status, err)
	}
}

// In a sandbox's /proc all are of the sandbox.
func TestTasksAreThoseOfProc(t *testing.T) {
	f := &first{setup: setup{Way: Users}}
	counted := func() (count int64) {
		tasks, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
		return int64(len(tasks))
	}
	var got, want int64
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); { // others begin and end
		if want, got = counted(), f.tasks(); got == want && got > 0 && want == counted() {
			return
		}
	}
	t.Errorf("got %d tasks, want %d", got, want)
}

// An ended program is no longer watched, and one without too many processes
// continues.
func TestWatchingEndsWithTheProgram(t *testing.T) {
	f := &first{setup: setup{Way: Chroot, OneID: true, Limits: Limits{Processes: 1000}}}
	done, ticks, ended := make(chan struct{}), make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		f.watch(os.Getpid(), done, ticks)
	}()
	for range 2 * looksOfFew {
		ticks <- time.Now()
	}
	close(done)
	<-ended
	if f.short.Load() {
		t.Error("it was ended")
	}
}

// A program that connects has started; the programs that it starts are others.
func TestTheAnswerGoesWithTheFirstCall(t *testing.T) {
	root := t.TempDir()
	makeFolders(t, root, "proc")
	if err := answer(root, "/bin/program"); err != nil {
		t.Fatal(err)
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := answering{inner, root}
	for range 2 {
		near, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if _, err := os.Lstat(filepath.Join(root, itself)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	if conn, err := listener.Accept(); err == nil {
		conn.Close()
		t.Error("the answer may be there still, and the call was taken")
	}
	near.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := near.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("whoever calls waits: %v", err)
	}
	listener.Close()
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after its end: got %v", err)
	}
}
