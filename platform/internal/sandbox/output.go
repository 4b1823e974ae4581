//go:build linux

package sandbox

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// outputs are the pipes for the program's output, used even if this process
// writes to a terminal or a file, which the program could otherwise read or
// change. They belong to the sandbox's user, who can open them again by name:
// /dev/stdout.
type outputs struct {
	ends   []*os.File // for the program
	reads  []*os.File
	copies sync.WaitGroup

	noThread atomic.Bool // a Go program, such as the first process, reported that it got no thread
}

// noThread is the message of a Go program that gets no thread.
var noThread = []byte("failed to create new OS thread")

// passed is a stream's writer that inspects the output.
type passed struct {
	to io.Writer
	o  *outputs
}

func (p passed) Write(text []byte) (int, error) {
	if bytes.Contains(text, noThread) { // Go prints it in one write
		p.o.noThread.Store(true)
	}
	return p.to.Write(text)
}

// stream is an output of a program.
type stream struct {
	name  string // in /dev
	to    io.Writer
	first bool // shared with the first stream, which serializes writes
}

func (s Spec) streams() []stream {
	same := s.Stdout != nil && s.Stderr != nil && reflect.ValueOf(s.Stdout).Comparable() && reflect.ValueOf(s.Stderr).Comparable() && s.Stdout == s.Stderr
	return []stream{{name: "stdout", to: s.Stdout}, {name: "stderr", to: s.Stderr, first: same}}
}

// newOutputs makes the pipes and begins to pass on the output. A discarded stream
// has no pipe; its end is nil.
func (s *Sandbox) newOutputs() (_ *outputs, err error) {
	o := &outputs{}
	defer func() {
		if err != nil {
			o.closeEnds() // copying ends with them, and closes the other ends
		}
	}()
	for _, stream := range s.spec.streams() {
		switch {
		case stream.to == nil:
			o.ends = append(o.ends, nil)
			continue
		case stream.first:
			o.ends = append(o.ends, o.ends[0])
			continue
		}
		read, end, err := s.pipe(stream.name)
		if err != nil {
			return nil, &Error{Step: "making the pipe for " + stream.name, Cause: err}
		}
		o.ends, o.reads = append(o.ends, end), append(o.reads, read)
		o.copies.Go(func() {
			io.Copy(passed{stream.to, o}, read)
			read.Close()
		})
	}
	return o, nil
}

// pipe makes a pipe that belongs to the sandbox's user: unnamed if the program
// can open it through /proc.
func (s *Sandbox) pipe(name string) (read, end *os.File, err error) {
	var fds [2]int
	if s.spec.Way == Chroot {
		path := filepath.Join(s.spec.Root, "dev", name)
		if fds[0], err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return nil, nil, err
		}
		if fds[1], err = unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
			unix.Close(fds[0])
			return nil, nil, err
		}
	} else {
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			return nil, nil, err
		}
		if !s.oneID() { // else this process has that user's id
			err = unix.Fchown(fds[1], s.spec.User, s.spec.Group)
		}
		if err == nil {
			err = unix.SetNonblock(fds[0], true)
		}
		if err != nil {
			unix.Close(fds[0])
			unix.Close(fds[1])
			return nil, nil, err
		}
	}
	return os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name), nil
}

// end returns the program's end of the first or second pipe, for a command.
func (o *outputs) end(i int) io.Writer {
	if o.ends[i] == nil {
		return nil
	}
	return o.ends[i]
}

// closeEnds closes this process's copies of the program's ends, so that the pipes
// reach end of file.
func (o *outputs) closeEnds() {
	for _, end := range o.ends {
		if end != nil {
			end.Close()
		}
	}
}

func (o *outputs) closeReads() {
	for _, read := range o.reads {
		read.Close()
	}
}

// restTime is how long the rest of the output may take.
const restTime = 10 * time.Second

// wait waits for the rest of the output. If a pipe stays open although all
// programs should be gone, it gives up after a while, with an error.
func (o *outputs) wait() error {
	done := make(chan struct{})
	go func() {
		o.copies.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(restTime):
		o.closeReads()
		<-done
		return exec.ErrWaitDelay
	}
}
