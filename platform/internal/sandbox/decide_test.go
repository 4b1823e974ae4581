//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestUsersAndGroupsHaveBounds(t *testing.T) {
	for ids, want := range map[[2]int]bool{
		{1, 0}: true, {1, 1}: true, {MaxID, MaxID}: true,
		{0, 1}: false, {-1, 1}: false, {MaxID + 1, 1}: false, {1, -1}: false, {1, MaxID + 1}: false,
	} {
		if err := (Spec{User: ids[0], Group: ids[1]}).checkIDs(); (err == nil) != want {
			t.Errorf("%v: got %v", ids, err)
		}
	}
}

func TestOnlyRootOfAllIDsMayBecomeAnyUser(t *testing.T) {
	for text, want := range map[string]bool{
		"         0          0 4294967295\n": true, "0 100000 65536\n": true, "0 0 65535\n": false, "1 0 65536\n": false,
		"0 0 1\n1 100000 65536\n": false, "": false, "0 0": false, "x": false,
	} {
		if got := coversAllIDs(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// The kernel has another error for this, too.
func TestCapabilitiesAreThoseOfProc(t *testing.T) {
	_, rest, found := strings.Cut(read("/proc/self/status"), "\nCapEff:")
	effective, err := strconv.ParseUint(strings.Fields(rest + " -")[0], 16, 64)
	if !found || err != nil {
		t.Fatalf("/proc/self/status has no CapEff: %v", err)
	}
	for number := range unix.CAP_LAST_CAP + 1 {
		if got, want := hasCapability(number), effective>>number&1 == 1; got != want {
			t.Errorf("capability %d of %x: got %v, want %v", number, effective, got, want)
		}
	}
}

func TestAProcIsMaskedWhenSomethingHidesAPartOfIt(t *testing.T) {
	const proc = "22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
	for text, want := range map[string]bool{
		"": false, proc: false, "\n22 28\n": false, "22 28 0:21 / \n": false,
		proc + "23 22 0:22 / /proc/sys/fs/binfmt_misc rw - binfmt_misc x rw\n": false,
		proc + "23 22 0:22 / /proc/kcore rw - tmpfs tmpfs rw\n":                true,
		"22 28 0:21 / /proc/sys\n":                                             true,
		"22 28 0:21 /proc/x /mnt rw - proc proc rw\n":                          false,
		"22 28 0:21 / /process rw - tmpfs tmpfs rw\n":                          false,
	} {
		if got := isMasked(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestTheMachineKeepsHalfOfItsProcesses(t *testing.T) {
	for _, tc := range []struct {
		processors int
		settings   []string
		want       int64
	}{
		{1, nil, 8448}, {2, nil, 8704}, {2, []string{"4194304", "100000"}, 8704}, {2, []string{"32768", "1000"}, 500}, {2, []string{"1000", "32768"}, 500},
		{2, []string{"", "0", "-2", "many"}, 8704}, {2, []string{"1"}, 0}, {2, []string{"10000000000"}, 8704},
	} {
		if got := processLimit(tc.processors, tc.settings...); got != tc.want {
			t.Errorf("%d processors, %q: got %d, want %d", tc.processors, tc.settings, got, tc.want)
		}
	}
}

// A program with many processes is ended after two seconds, one with few after
// ten; moments below the limit count against that.
func TestAProgramThatHasAllProcessesForAWhileEnds(t *testing.T) {
	every, never := func(int) bool { return true }, func(int) bool { return false }
	for _, tc := range []struct {
		name    string
		usesAll func(look int) bool
		many    bool
		want    int // the ending check; 0 for none of a hundred
	}{
		{"never", never, true, 0}, {"many", every, true, 8}, {"few", every, false, 40},
		{"half of the time", func(look int) bool { return look%2 == 1 }, true, 0},
		{"but for once", func(look int) bool { return look != 3 }, true, 10},
		{"after a while", func(look int) bool { return look > 50 }, true, 58},
	} {
		var c crowding
		got := 0
		for look := 1; look <= 100 && got == 0; look++ {
			if c.lasts(tc.usesAll(look), func() bool { return tc.many }) {
				got = look
			}
		}
		if got != tc.want {
			t.Errorf("%s: ended at look %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestWhatIsShortIsToldFromWhatIsRefused(t *testing.T) {
	spec := Spec{User: 1234}
	for _, tc := range []struct {
		err       error
		id        string
		transient bool
	}{
		{&Error{Step: ending, Cause: errors.New("3 are left"), Kind: Ending}, "processes-left", false},
		{&Error{Step: running, Cause: ErrProcesses}, "out-of-processes", true},
		{fmt.Errorf("starting: %w", unix.EAGAIN), "out-of-processes", true},
		{fmt.Errorf("starting: %w", unix.ENOMEM), "out-of-memory", true},
	} {
		var f *failure.Failure
		if err := spec.explain(tc.err); !errors.As(err, &f) || f.ID != tc.id || f.Transient != tc.transient || !errors.Is(err, tc.err) {
			t.Errorf("%v: got %v, want %s", tc.err, err, tc.id)
		} else if tc.id == "processes-left" && !strings.Contains(f.Remedy, "user 1234") {
			t.Errorf("%v: the remedy does not name the user: %s", tc.err, f.Remedy)
		}
	}
	for _, err := range []error{&Error{Step: "binding /x", Cause: unix.EPERM}, unix.ENOSPC, nil} {
		if got := spec.explain(err); got != err {
			t.Errorf("%v: got %v, want it as it is", err, got)
		}
	}
	if err := startError("starting", unix.ENOSPC); !errors.Is(err, ErrLimit) || errors.Is(err, unix.ENOSPC) || err.Step != "starting" {
		t.Errorf("got %v", err)
	}
	if err := startError("starting", unix.EPERM); !errors.Is(err, unix.EPERM) {
		t.Errorf("got %v", err)
	}
	if f := Refused(errors.Join(errDynamic, errDynamic)); !strings.Contains(f.Remedy, "CGO_ENABLED=0") {
		t.Errorf("got %v, want a remedy for the program", f)
	}
	for _, err := range []error{ErrLimit, unix.EPERM} {
		limit := strings.Contains(Refused(err).Remedy, "let other sandboxes")
		if want := err == ErrLimit && len(noneAllowed()) == 0; limit != want {
			t.Errorf("%v: got %v, want a remedy of the limit: %v", err, Refused(err), want)
		}
	}
}

// The first process ends with its starter; in a chroot it first ends the others.
func TestTheFirstProcessIsSeparatedAsTheWaySays(t *testing.T) {
	const separate = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	for _, tc := range []struct {
		way     Way
		network Network
		flags   uintptr
		signal  syscall.Signal
	}{
		{Mounts, Host, separate, syscall.SIGKILL}, {Mounts, None, separate | unix.CLONE_NEWNET, syscall.SIGKILL},
		{Users, Host, separate | unix.CLONE_NEWUSER, syscall.SIGKILL}, {Users, None, separate | unix.CLONE_NEWUSER | unix.CLONE_NEWNET, syscall.SIGKILL},
		{Chroot, Host, 0, syscall.SIGTERM},
	} {
		s := &Sandbox{spec: Spec{Way: tc.way, Network: tc.network}, outputs: &outputs{ends: []*os.File{nil, nil}}}
		cmd := s.first(nil)
		attributes := cmd.SysProcAttr
		if attributes.Cloneflags != tc.flags || attributes.Pdeathsig != tc.signal || !attributes.Setsid {
			t.Errorf("%s, network %s: got %+v", tc.way, tc.network, attributes)
		}
		if cmd.Env == nil || len(cmd.Env) > 0 || cmd.Dir != "/" {
			t.Errorf("%s: it has the environment %q and begins in %s", tc.way, cmd.Env, cmd.Dir)
		}
		users := tc.way == Users
		if (len(attributes.UidMappings) == 1) != users || (len(attributes.GidMappings) == 1) != users || attributes.GidMappingsEnableSetgroups != (users && hasAllIDs()) {
			t.Errorf("%s: got %+v", tc.way, attributes)
		}
		if users && hasAllIDs() && (attributes.UidMappings[0] != syscall.SysProcIDMap{Size: allIDs} || attributes.GidMappings[0] != syscall.SysProcIDMap{Size: allIDs}) {
			t.Errorf("root may use %v and %v", attributes.UidMappings, attributes.GidMappings)
		}
	}
}

// An ordinary user's program is in a second user namespace, in which it is the
// sandbox's user and cannot make a third.
func TestAnOrdinaryUsersProgramIsTheSandboxesUser(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "most"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, oneID := range []bool{false, true} {
		f := &first{setup: setup{User: 12, Group: 34, OneID: oneID}, namespaces: file}
		got, want := f.programAttributes(), &syscall.SysProcAttr{Setsid: true}
		if oneID {
			want.Cloneflags, want.AmbientCaps = unix.CLONE_NEWUSER, []uintptr{unix.CAP_SETPCAP}
			want.UidMappings = []syscall.SysProcIDMap{{ContainerID: 12, HostID: 0, Size: 1}}
			want.GidMappings = []syscall.SysProcIDMap{{ContainerID: 34, HostID: 0, Size: 1}}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("one id %v: got %+v, want %+v", oneID, got, want)
		}
		f.allowUserNamespaces(7)
	}
	if got := read(file.Name()); got != "7\n" {
		t.Errorf("got %q namespaces, want 7", got)
	}
	(&first{}).allowUserNamespaces(7) // if the setting is not writable
}

// The executable of sandboxes cannot be written to (fcntl(2), "File Sealing").
func TestTheCopyOfTheExecutableIsSealed(t *testing.T) {
	file, err := sealedCopy()
	if err != nil {
		t.Skipf("this machine has no file in memory: %v", err)
	}
	seals, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0)
	if want := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE; err != nil || seals != want {
		t.Errorf("got the seals %x, %v, want %x", seals, err, want)
	}
	if flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 || file.Fd() < 64 {
		t.Errorf("programs inherit it: file %d, flags %x, %v", file.Fd(), flags, err)
	}
	own, err := os.Stat(self)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := file.Stat(); err != nil || info.Size() != own.Size() {
		t.Errorf("got %d bytes, %v, want %d", info.Size(), err, own.Size())
	}
}

func TestAQuarterOfTheProcessesIsMany(t *testing.T) {
	for _, tc := range []struct {
		tasks, limit int64
		want         bool
	}{{24, 100, false}, {25, 100, true}, {26, 100, true}, {99, 400, false}, {100, 400, true}} {
		if got := isMany(tc.tasks, tc.limit); got != tc.want {
			t.Errorf("%d of %d: got %v", tc.tasks, tc.limit, got)
		}
	}
}

func TestAProcessThatWaitsInTheKernelIsNotSignalledForEver(t *testing.T) {
	for _, tc := range []struct {
		state     byte
		signalled int
		want      bool
	}{{'T', 0, true}, {'Z', 0, true}, {'R', 0, false}, {'R', 9, false}, {'S', 9, false}, {'D', 0, false}, {'D', 2, false}, {'D', 3, true}, {'D', 4, true}} {
		if got := (process{state: tc.state}).settled(tc.signalled); got != tc.want {
			t.Errorf("state %c after %d signals: got %v", tc.state, tc.signalled, got)
		}
	}
}
