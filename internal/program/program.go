// Package program runs other programs, and ends processes that they leave
// behind.
//
// A program may start others that outlive it. A caller that reads its output
// until EOF waits for all of them, for ever if one is a daemon. This package
// waits for the program itself. Remaining processes get a short time to finish,
// and are then killed: the rest of its process group, and processes outside the
// group that still hold its output.
package program

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// How long processes that a program left behind may take. Only tests change
// these.
var (
	exitTime  = 3 * time.Second // to finish by itself; not where the program failed
	endTime   = 2 * time.Second // to end after SIGTERM, before SIGKILL
	drainTime = time.Second     // for its last output to arrive
)

const pause = 20 * time.Millisecond // between two checks

// Program is a started program.
type Program struct {
	cmd    *exec.Cmd
	pipes  []*os.File // the read ends of its output
	inodes []string   // the pipes' names, "pipe:[123]"
	copies sync.WaitGroup
	copied chan struct{} // closed at EOF of the output

	mu     sync.Mutex
	failed error // the error of an output's writer
	late   bool  // a process held the output to the end
}

// Run is [Start] and [Program.Wait].
func Run(cmd *exec.Cmd) (left []Process, err error) {
	p, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	return p.Wait()
}

// Start starts a command as the leader of its own process group. Its Stdout and
// Stderr may be any writers; writes are serialized. A Cancel of the command
// should signal the group, see [Signal].
func Start(cmd *exec.Cmd) (*Program, error) {
	p := &Program{cmd: cmd, copied: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = exitTime + endTime // only its standard input can need it
	}
	ends, err := p.connect()
	if err == nil {
		err = cmd.Start()
	}
	for _, end := range ends {
		end.Close()
	}
	if err != nil {
		for _, pipe := range p.pipes {
			pipe.Close()
		}
		p.copies.Wait()
		return nil, err
	}
	go func() { p.copies.Wait(); close(p.copied) }()
	return p, nil
}

// connect replaces the command's writers by pipes, and returns the command's
// ends.
func (p *Program) connect() (ends []*os.File, err error) {
	stdout, stderr := p.cmd.Stdout, p.cmd.Stderr
	if p.cmd.Stdout, err = p.pipe(stdout, &ends); err != nil {
		return ends, err
	}
	if stderr != nil && same(stdout, stderr) {
		p.cmd.Stderr = p.cmd.Stdout
		return ends, nil
	}
	p.cmd.Stderr, err = p.pipe(stderr, &ends)
	return ends, err
}

// same reports whether two writers are the same, if they are comparable.
func same(a, b io.Writer) bool {
	defer func() { _ = recover() }() // if they are not comparable
	return a == b
}

// pipe returns a pipe to a writer. No writer, or a file, needs no pipe.
func (p *Program) pipe(to io.Writer, ends *[]*os.File) (io.Writer, error) {
	if _, ok := to.(*os.File); ok || to == nil {
		return to, nil
	}
	from, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.pipes, *ends = append(p.pipes, from), append(*ends, end)
	p.inodes = append(p.inodes, inode(from))
	p.copies.Go(func() {
		_, err := io.Copy(shared{p, to}, from)
		from.Close() // later writes fail, as with a closed terminal
		p.mu.Lock()
		defer p.mu.Unlock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.late = true
			return
		}
		p.failed = errors.Join(p.failed, err)
	})
	return end, nil
}

// shared is a writer that both outputs may use.
type shared struct {
	program *Program
	to      io.Writer
}

func (s shared) Write(b []byte) (int, error) {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	return s.to.Write(b)
}

// Pid returns the id of the program's process and process group.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal to a command's group; for a command's Cancel.
func Signal(cmd *exec.Cmd, signal syscall.Signal) error {
	if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Wait returns when the program and the processes it left behind have ended. It
// returns the processes that it had to kill, and the command's error.
func (p *Program) Wait() (left []Process, err error) {
	err = p.cmd.Wait()
	wait := exitTime
	if err != nil {
		wait = 0
	}
	left = p.endRest(wait)
	if !p.drained() && len(left) == 0 {
		left = []Process{{}} // it holds the output, and is not visible here
	}
	if err == nil {
		err = p.failed
	}
	return left, err
}

// drained waits until all output has arrived. It is false if a process still
// holds the output, which is then closed.
func (p *Program) drained() bool {
	for _, pipe := range p.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(drainTime)) // a closed pipe was read to its end
	}
	<-p.copied
	return !p.late
}
