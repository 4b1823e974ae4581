//go:build linux

package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// startProgram starts this executable once more, to become the program. Its input
// goes through one pipe; an error comes back through another, which closes when
// the program starts.
func (f *first) startProgram(command Command) (pid int, err error) {
	if f.setup.Way == Chroot && command.AsksForItself {
		if err := answer(f.setup.Root, command.Args[0]); err != nil {
			return 0, err
		}
	}
	orderRead, orderWrite, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer orderWrite.Close()
	defer orderRead.Close()
	errorRead, errorWrite, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer errorRead.Close()
	if f.setup.OneID {
		// The previous program's namespace may still be counted. No program runs
		// now that could use the allowance: this one waits for its order.
		f.allowUserNamespaces(100)
	}
	f.reaping.Lock() // stays locked if this process ends
	process, err := os.StartProcess(self, []string{lastName}, &os.ProcAttr{
		Dir: "/", Env: []string{}, Sys: f.programAttributes(),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, orderRead, errorWrite},
	})
	f.reaping.Unlock()
	errorWrite.Close()
	if f.setup.OneID {
		f.allowUserNamespaces(1)
	}
	if err != nil {
		return 0, startError("starting the program", err)
	}
	pid = process.Pid
	process.Release() // await waits for all that end
	if f.setup.Way != Chroot {
		nameOutput(pid)
	}
	if err := json.NewEncoder(orderWrite).Encode(program{Setup: f.setup, Command: command}); err != nil {
		return 0, &Error{Step: "starting the program", Cause: err}
	}
	var failed report
	if err = json.NewDecoder(errorRead).Decode(&failed); errors.Is(err, io.EOF) {
		return pid, nil
	}
	return 0, errors.Join(err, failed.err())
}

// programAttributes puts an ordinary user's program into a second user namespace,
// in which that user is the sandbox's user. It keeps the capability to set
// capabilities, so that it can give up all of them.
func (f *first) programAttributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if f.setup.OneID {
		attributes.Cloneflags = syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: f.setup.User, HostID: 0, Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: f.setup.Group, HostID: 0, Size: 1}}
		attributes.AmbientCaps = []uintptr{unix.CAP_SETPCAP}
	}
	return attributes
}
