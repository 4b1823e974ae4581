//go:build linux

package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
	"golang.org/x/sys/unix"
)

func TestAProcessIsReadFromItsNumbers(t *testing.T) {
	const rest = " 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22"
	for _, tc := range []struct {
		text string
		want process
		ok   bool
	}{
		{"12 (sh) S 34 5" + rest + " 23\n", process{12, 34, 'S', "22"}, true},
		{"12 (sh) S 34 5" + rest, process{12, 34, 'S', "22"}, true},
		{"12 (a) R 1 (b) Z 34 5" + rest, process{12, 34, 'Z', "22"}, true},
		{"12 () R 34 5" + rest, process{12, 34, 'R', "22"}, true},
		{"12 (sh) S 34 5" + strings.TrimSuffix(rest, " 22"), process{}, false},
		{"12 (sh) S x 5" + rest, process{}, false},
		{"x (sh) S 34 5" + rest, process{}, false},
		{"(sh) S 34 5" + rest, process{}, false},
		{"12 )sh( S 34 5" + rest, process{}, false},
		{"12 sh) S 34 5" + rest, process{}, false},
		{"12 (sh S 34 5" + rest, process{}, false},
		{"12 (sh)", process{}, false},
		{"", process{}, false},
	} {
		got, ok := parseStat(tc.text)
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("%q: got %+v, %v, want %+v, %v", tc.text, got, ok, tc.want, tc.ok)
		}
	}
}

// Without one of these capabilities root cannot become just any user.
func TestRootWithoutACapabilityMayNotBecomeAnyUser(t *testing.T) {
	if os.Geteuid() != 0 {
		if hasAllIDs() || Chroot.OneID() || Mounts.OneID() || !Users.OneID() {
			t.Error("an ordinary user may become any user")
		}
		return
	}
	runtime.LockOSThread() // capabilities are a thread's
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var before [2]unix.CapUserData
	if err := unix.Capget(&header, &before[0]); err != nil {
		t.Fatal(err)
	}
	all := hasAllIDs()
	for _, capability := range []int{unix.CAP_SETUID, unix.CAP_SETGID} {
		less := before
		less[0].Effective &^= 1 << capability
		if err := unix.Capset(&header, &less[0]); err != nil {
			t.Fatal(err)
		}
		has, one := hasAllIDs(), Users.OneID()
		if err := unix.Capset(&header, &before[0]); err != nil {
			t.Fatal(err)
		}
		if has || !one || Chroot.OneID() || Mounts.OneID() {
			t.Errorf("without capability %d: it may become any user: %v", capability, has)
		}
	}
	if hasAllIDs() != all || Users.OneID() == all {
		t.Errorf("with all of them: got %v, before %v", hasAllIDs(), all)
	}
}

// The first process's own status is no error of the sandbox's.
func TestWaitingEndsWithWhatIsNoStatus(t *testing.T) {
	fault := errors.New("the pipe is on fire")
	for _, tc := range []struct{ ended, want error }{{nil, nil}, {&exec.ExitError{}, nil}, {errors.Join(&exec.ExitError{}, nil), nil}, {fault, fault}, {errors.Join(nil, fault), fault}} {
		s := &Sandbox{ended: make(chan error, 1)}
		s.ended <- tc.ended
		for range 2 { // who waits later gets the same
			if err := s.wait(); !errors.Is(err, tc.want) {
				t.Errorf("%v: got %v, want %v", tc.ended, err, tc.want)
			}
		}
	}
}

func TestAProcThatIsNoneIsAnError(t *testing.T) {
	if err := restrictProc("/proc/self/stat"); err == nil {
		t.Error("a file: got no error")
	}
	if os.Geteuid() == 0 {
		if err := restrictProc(t.TempDir()); err != nil { // nothing is there, and nothing is mounted
			t.Errorf("an empty folder: got %v", err)
		}
	}
	if err := bind("/nowhere", "/nowhere", 0); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EPERM) {
		t.Errorf("got %v", err)
	}
}

// What the first process is not told it cannot do.
func TestASandboxThatCannotBeDescribedIsAnError(t *testing.T) {
	tier.Sandbox(t)
	way := Users
	if os.Geteuid() == 0 {
		way = Mounts
	}
	s, err := Start(t.Context(), Spec{Way: way, Root: t.TempDir(), User: 1, Hostname: strings.Repeat("x", maxMessage)})
	if s != nil || err == nil || way == Mounts && !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, %v, want %v", s, err, ErrTooLong)
	}
}

func TestACapabilityOfNoSetIsNotThere(t *testing.T) {
	if hasCapability(63) { // the kernel has fewer
		t.Error("a capability that no kernel has is there")
	}
}
