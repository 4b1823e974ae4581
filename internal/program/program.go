// Package program runs other programs to their end, and brings what they leave
// behind to its end, too.
//
// A program may start others that go on when it has ended. Whoever reads what
// it prints until there is no more to come waits for all of them, for ever where
// one is a daemon. Here the program's own end counts. What it left gets a short
// time to finish by itself, and is ended then: the rest of its process group, and
// whatever has left that group and still holds its output.
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

// How long what a program left behind may take. Only tests change it.
var (
	exitTime  = 3 * time.Second // to finish by itself; not where the program failed
	endTime   = 2 * time.Second // to end after SIGTERM, before SIGKILL
	drainTime = time.Second     // for what it printed last to arrive
)

const pause = 20 * time.Millisecond // between two looks at it

// Program is one that was started.
type Program struct {
	cmd    *exec.Cmd
	pipes  []*os.File // that its output is read from
	inodes []string   // of these pipes, "pipe:[123]"
	copies sync.WaitGroup
	copied chan struct{} // closed when nobody holds the output any more

	mu     sync.Mutex
	failed error // of a writer that the output went to
	late   bool  // somebody held the output to the last
}

// Run is [Start] and [Program.Wait].
func Run(cmd *exec.Cmd) (left []Process, err error) {
	p, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	return p.Wait()
}

// Start starts a command as the leader of a process group of its own. Its
// Stdout and Stderr may be any writers, of which one at a time is written to. A Cancel of the command should
// signal the group, see [Signal].
func Start(cmd *exec.Cmd) (*Program, error) {
	p := &Program{cmd: cmd, copied: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = exitTime + endTime // only what is read for its input can need it
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

// connect puts pipes in the place of the command's writers, and returns the ends
// that are the command's.
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

// same reports whether two writers are one, as far as they can be compared.
func same(a, b io.Writer) bool {
	defer func() { _ = recover() }() // of two that cannot
	return a == b
}

// pipe leads to a writer. Where there is none, or a file, there is nothing that
// anybody would wait for.
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
		from.Close() // whoever still writes finds nobody, as with a terminal that is closed
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

// shared is a writer that may be a part of both outputs.
type shared struct {
	program *Program
	to      io.Writer
}

func (s shared) Write(b []byte) (int, error) {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	return s.to.Write(b)
}

// Pid is the program's process, and its group's.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal to a command's group; for a command's Cancel.
func Signal(cmd *exec.Cmd, signal syscall.Signal) error {
	if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Wait returns when the program has ended, and what it left behind. The error is
// that of the command, and the processes are those that had to be ended.
func (p *Program) Wait() (left []Process, err error) {
	err = p.cmd.Wait()
	wait := exitTime
	if err != nil {
		wait = 0
	}
	left = p.endRest(wait)
	if !p.drained() && len(left) == 0 {
		left = []Process{{}} // it holds the output, and cannot be seen from here
	}
	if err == nil {
		err = p.failed
	}
	return left, err
}

// drained waits until everything that was printed has arrived. It is false when
// somebody could still print more, to whom nobody listens any longer.
func (p *Program) drained() bool {
	for _, pipe := range p.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(drainTime)) // one that is closed was read to its end
	}
	<-p.copied
	return !p.late
}
