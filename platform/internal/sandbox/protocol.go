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

// setup is the first process's part of a [Spec].
type setup struct {
	Way              Way
	Root, MountPoint string
	Writable         bool
	Over             Over
	Binds            []Bind
	User, Group      int
	Hostname         string
	Network          Network
	Limits           Limits
	Tmpfs            []string
	OneID            bool // the user namespace maps only one user and one group
}

// order is a message of the caller to a running sandbox.
type order struct {
	Command *Command `json:",omitempty"`
	Signal  int      `json:",omitempty"` // for the program
}

// report is the first process's answer: an error; or for a setup, a listener in
// the sandbox's network as a file descriptor; or for a command, how the program
// ended.
type report struct {
	Step   string `json:",omitempty"` // of an error
	Cause  string `json:",omitempty"`
	Errno  int    `json:",omitempty"`
	Kind   Kind   `json:",omitempty"`
	Path   string `json:",omitempty"`
	Known  int    `json:",omitempty"` // index of the cause in known from 1, or 0
	Status *Status
}

func (r report) err() error {
	if r.Step == "" {
		return nil
	}
	err := &Error{Step: r.Step, Kind: r.Kind, Path: r.Path, Cause: errors.New(r.Cause)}
	switch {
	case r.Known > 0 && r.Known <= len(known):
		err.Cause = known[r.Known-1]
	case r.Errno != 0:
		err.Cause = syscall.Errno(r.Errno)
	}
	return err
}

// known are the causes that callers test for, besides error numbers.
var known = []error{ErrLimit, ErrProcesses}

func reportOf(err error) report {
	r := report{Step: "making the sandbox", Cause: err.Error()}
	r.Known = 1 + slices.IndexFunc(known, func(one error) bool { return errors.Is(err, one) })
	var step *Error
	if errors.As(err, &step) {
		r.Step, r.Cause, r.Kind, r.Path = step.Step, step.Cause.Error(), step.Kind, step.Path
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

// maxMessage is the maximal size of a message in bytes; a socket's default buffer
// is larger.
const maxMessage = 128 << 10

// ErrTooLong is the error if arguments and variables do not fit into a message,
// or the kernel refuses them.
var ErrTooLong = errors.New("the program's arguments and variables are too long")

// channel carries one JSON value per packet, so that neither side waits for the
// rest of one.
type channel struct{ *net.UnixConn }

// newChannel makes a channel of a descriptor, and closes the descriptor.
func newChannel(file *os.File) (channel, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return channel{}, err
	}
	return channel{conn.(*net.UnixConn)}, nil
}

// channelPair returns the caller's end, and the other one for a child process.
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

// oneFile is the size of a file descriptor in a control message, in bytes.
const oneFile = 4

// receive reads a value and returns the file that came with it, or nil.
func (c channel) receive(value any) (*os.File, error) {
	text, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(oneFile))
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
	return fileOf(rights[:m])
}

// fileOf returns the file of a control message (unix(7), SCM_RIGHTS).
func fileOf(rights []byte) (*os.File, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
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
