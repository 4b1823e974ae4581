//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// An error has the same meaning on both sides of the channel.
func TestErrorsComeThroughTheChannel(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	inside, err := newChannel(far)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	for _, tc := range []struct {
		err  error
		is   error
		want Error // without its cause
	}{
		{&Error{Step: "mounting /proc", Cause: unix.EPERM}, unix.EPERM, Error{Step: "mounting /proc"}},
		{&Error{Step: "executing /x", Cause: unix.ENOENT, Kind: Executing}, unix.ENOENT, Error{Step: "executing /x", Kind: Executing}},
		{&Error{Step: "binding /x", Cause: unix.EPERM, Kind: Binding, Path: "/x"}, unix.EPERM, Error{Step: "binding /x", Kind: Binding, Path: "/x"}},
		{&Error{Step: running, Cause: ErrProcesses}, ErrProcesses, Error{Step: running}},
		{&Error{Step: "starting", Cause: ErrLimit}, ErrLimit, Error{Step: "starting"}},
		{fmt.Errorf("it is odd: %w", unix.EIO), unix.EIO, Error{Step: "it is odd"}},
		{fmt.Errorf("%w, which is odd", unix.EIO), unix.EIO, Error{Step: "making the sandbox"}},
		{errors.New("something else"), nil, Error{Step: "making the sandbox"}},
	} {
		if err := inside.send(reportOf(tc.err), nil); err != nil {
			t.Fatal(err)
		}
		var got report
		if file, err := near.receive(&got); err != nil || file != nil {
			t.Fatalf("got %v, %v", file, err)
		}
		var step *Error
		err := got.err()
		if !errors.As(err, &step) || (Error{Step: step.Step, Kind: step.Kind, Path: step.Path}) != tc.want || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%v: got %v", tc.err, err)
		}
		if tc.is == nil && !strings.Contains(err.Error(), tc.err.Error()) {
			t.Errorf("%v: got %v", tc.err, err)
		}
	}
	if err := (report{Status: &Status{}}).err(); err != nil {
		t.Errorf("of no error: got %v", err)
	}
	if err := (report{Step: "x", Cause: "of a later armature", Known: len(known) + 1}).err(); err == nil || !strings.Contains(err.Error(), "of a later armature") {
		t.Errorf("of an unknown cause: got %v", err)
	}
}

// Only a file or an error accompanies a value.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	inside, err := newChannel(far)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	raw, err := inside.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// From now on the kernel adds the sender to each message (unix(7)).
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	if err := errors.Join(err, failed, near.send(report{}, nil)); err != nil {
		t.Fatal(err)
	}
	var got report
	if file, err := inside.receive(&got); err == nil || file != nil {
		t.Errorf("got %v, %v, want an error", file, err)
	}
}

func TestAFileComesThroughTheChannel(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	inside, err := newChannel(far)
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if err := inside.send(report{}, write); err != nil {
		t.Fatal(err)
	}
	var got report
	file, err := near.receive(&got)
	if err != nil || file == nil {
		t.Fatalf("got %v, %v", file, err)
	}
	defer file.Close()
	if flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("programs inherit it: flags %x, %v", flags, err)
	}
	if _, err := file.WriteString("x"); err != nil {
		t.Error(err)
	}
	if n, err := read.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
	if _, err := near.Write([]byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.receive(&got); err == nil {
		t.Error("half a value: got no error")
	}
	if err := near.send(func() {}, nil); err == nil {
		t.Error("what is no value: got no error")
	}
	near.Close()
	if _, err := inside.receive(&got); err == nil {
		t.Error("after the other side's end: got no error")
	}
	if err := inside.send(report{}, nil); err == nil {
		t.Error("sent after the other side's end: got no error")
	}
	inside.Close()
	if file, err := inside.receive(&got); err == nil || file != nil {
		t.Errorf("after its own end: got %v, %v", file, err)
	}
	if _, err := newChannel(read); err == nil {
		t.Error("a pipe is no channel: got no error")
	}
}

// The kernel makes no such messages.
func TestAMessageWithoutAFileIsRefused(t *testing.T) {
	header := unix.UnixRights(1)
	for name, rights := range map[string][]byte{
		"a longer one":    append([]byte{0xff}, header[1:]...),
		"of another kind": unix.UnixCredentials(&unix.Ucred{Pid: 1}),
	} {
		if file, err := fileOf(rights); err == nil || file != nil {
			t.Errorf("%s: got %v, %v, want an error", name, file, err)
		}
	}
}

func TestTheLargestMessageComesThrough(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	inside, err := newChannel(far)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	largest := strings.Repeat("x", maxMessage-len(`""`))
	var got string
	if err := near.send(largest, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.receive(&got); err != nil || got != largest {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := near.send(largest+"x", nil); !errors.Is(err, ErrTooLong) {
		t.Errorf("one byte more: got %v", err)
	}
}
