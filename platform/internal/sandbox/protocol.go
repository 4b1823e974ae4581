//go:build linux

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// setup is what the first process needs to know of a [Spec].
type setup struct {
	Way              Way
	Root, MountPoint string
	Binds            []Bind
	User, Group      int
	Hostname         string
	Network          Network
	Limits           Limits
	Tmpfs            []string
	OneID            bool // the user namespace maps one user and one group only
}

// order is what the caller sends once the sandbox stands.
type order struct {
	Command *Command `json:",omitempty"`
	Signal  int      `json:",omitempty"` // for the program
}

// report is what the first process answers: with an error, or to a setup with
// a listener in the sandbox's network as a file descriptor, or to a command
// with how the program ended.
type report struct {
	Step   string `json:",omitempty"` // of an error
	Cause  string `json:",omitempty"`
	Errno  int    `json:",omitempty"`
	Kind   int    `json:",omitempty"` // of the causes that are known by name, which one, from 1
	Status *Status
}

func (r report) err() error {
	switch {
	case r.Step == "":
		return nil
	case r.Kind > 0 && r.Kind <= len(known):
		return &Error{Step: r.Step, Cause: known[r.Kind-1]}
	case r.Errno != 0:
		return &Error{Step: r.Step, Cause: syscall.Errno(r.Errno)}
	}
	return &Error{Step: r.Step, Cause: errors.New(r.Cause)}
}

// known are the causes that a caller asks for, besides numbers.
var known = []error{ErrLimit, ErrProcesses}

func reportOf(err error) report {
	r := report{Step: "making the sandbox", Cause: err.Error()}
	r.Kind = 1 + slices.IndexFunc(known, func(one error) bool { return errors.Is(err, one) })
	var step *Error
	if errors.As(err, &step) {
		r.Step, r.Cause = step.Step, step.Cause.Error()
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		r.Errno = int(errno)
		if before, found := strings.CutSuffix(r.Cause, ": "+errno.Error()); found && step == nil {
			r.Step = before
		}
	}
	return r
}

// maxMessage is the most bytes of one message; a socket's default buffer is
// larger.
const maxMessage = 128 << 10

// ErrTooLong is that of arguments and variables that do not fit into a message,
// or that the kernel does not give to a program.
var ErrTooLong = errors.New("the program's arguments and variables are too long")

// channel carries one JSON value a packet, so that neither side ever waits
// for the rest of one.
type channel struct{ *net.UnixConn }

// newChannel makes a channel of a descriptor, which it closes.
func newChannel(file *os.File) (channel, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return channel{}, err
	}
	return channel{conn.(*net.UnixConn)}, nil
}

// channelPair returns the caller's end, and the other one to be inherited.
func channelPair() (channel, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return channel{}, nil, fmt.Errorf("making a pair of sockets: %w", err)
	}
	far := os.NewFile(uintptr(fds[1]), "sandbox")
	near, err := newChannel(os.NewFile(uintptr(fds[0]), "caller"))
	if err != nil {
		far.Close()
		return channel{}, nil, err
	}
	return near, far, nil
}

// send writes a value and, unless it is nil, a file's descriptor with it.
func (c channel) send(value any, file *os.File) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if len(text) > maxMessage {
		return fmt.Errorf("%w: %d bytes, want at most %d", ErrTooLong, len(text), maxMessage)
	}
	var rights []byte
	if file != nil {
		rights = unix.UnixRights(int(file.Fd()))
	}
	_, _, err = c.WriteMsgUnix(text, rights, nil)
	return err
}

// receive reads a value and returns the file that came with it, or nil.
func (c channel) receive(value any) (*os.File, error) {
	text, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := c.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text[:n], value); err != nil {
		return nil, err
	}
	if m == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil {
		return nil, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fds[0])
	return os.NewFile(uintptr(fds[0]), "received"), nil
}
