//go:build linux

package sandbox

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
)

// Sandbox is a running sandbox. Always close it.
type Sandbox struct {
	// Listener accepts the program's connections to the sandbox's 127.0.0.1.
	Listener net.Listener

	spec    Spec
	cmd     *exec.Cmd
	control channel
	ended   chan error // receives the first process's result, once
	places  []place    // the binds that a chroot moved
	outputs *outputs
}

// Start makes a sandbox. An error of the system is an [*Error].
func Start(ctx context.Context, spec Spec) (_ *Sandbox, err error) {
	if !reexec.Load() {
		return nil, errors.New("this program cannot make sandboxes, because it does not begin with sandbox.Reexec")
	}
	if static, err := Static(); err != nil {
		return nil, err
	} else if !static {
		return nil, errDynamic
	}
	if spec.Stderr == nil {
		spec.Stderr = io.Discard // the first process's messages there are inspected
	}
	s := &Sandbox{spec: spec, ended: make(chan error, 1)}
	if err := spec.checkIDs(); err != nil {
		return nil, err
	}
	if spec.Way == Chroot {
		if spec.Network == None {
			return nil, &failure.Failure{
				ID: "no-network-namespace", Cause: "nothing can be kept from the network here: this system lets armature change the root folder and nothing more",
				Remedy: "leave --network out, or " + Remedy(facts()),
			}
		}
		if len(spec.Tmpfs) > 0 {
			return nil, errors.New("a chroot has no folders in memory")
		}
		if err := makeDevices(spec); err != nil {
			return nil, err
		}
		if s.places, err = moveIn(spec); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(s.spec.explain(err), s.Close())
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context) error {
	control, far, err := channelPair()
	if err != nil {
		return err
	}
	s.control = control
	if s.outputs, err = s.newOutputs(); err != nil {
		far.Close()
		return err
	}
	s.cmd = s.first(far)
	err = s.supervise()
	far.Close() // or the first process's end would not close the channel
	s.outputs.closeEnds()
	if err != nil {
		s.cmd = nil
		return startError("starting a process for a "+string(s.spec.Way), err)
	}
	defer s.killWhenDone(ctx)()
	message := setup{
		Way: s.spec.Way, Root: s.spec.Root, Writable: s.spec.Writable, Over: s.spec.Over, MountPoint: s.spec.MountPoint, Binds: s.spec.Binds, User: s.spec.User, Group: s.spec.Group,
		Hostname: s.spec.Hostname, Network: s.spec.Network, OneID: s.oneID(),
		Limits: s.spec.Limits, Tmpfs: s.spec.Tmpfs,
	}
	if err := s.control.send(message, nil); err != nil {
		return s.died(ctx, err)
	}
	var answer report
	file, err := s.control.receive(&answer)
	if err != nil {
		return s.died(ctx, err)
	}
	if err := answer.err(); err != nil {
		return err
	}
	defer file.Close()
	s.Listener, err = net.FileListener(file)
	if err == nil && s.spec.Way == Chroot {
		s.Listener = answering{s.Listener, s.spec.Root}
	}
	return err
}

// first returns the command that starts this executable as the first process. Its
// environment is empty, to reveal nothing of the host.
func (s *Sandbox) first(control *os.File) *exec.Cmd {
	cmd := exec.Command(executable())
	cmd.Args = []string{firstName}
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = s.outputs.end(0), s.outputs.end(1)
	cmd.ExtraFiles = []*os.File{control}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if s.spec.Way == Chroot {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM // it has processes to end itself
		return cmd
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	if s.spec.Network == None {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
	if s.spec.Way == Users {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = s.maps()
		cmd.SysProcAttr.GidMappingsEnableSetgroups = !s.oneID()
	}
	return cmd
}

// supervise starts the first process and waits for it on one thread: that
// thread's end would count as this process's (PR_SET_PDEATHSIG in prctl(2)).
func (s *Sandbox) supervise() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			err := s.cmd.Wait()
			s.ended <- errors.Join(err, s.outputs.wait())
		}
	}()
	return <-started
}

// killWhenDone kills the sandbox when ctx is done, until stop is called.
func (s *Sandbox) killWhenDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, s.kill)
}

// kill ends the first process, and with it all others. In a chroot, closing the
// channel tells that process to end them.
func (s *Sandbox) kill() {
	if s.spec.Way == Chroot {
		s.control.Close()
		return
	}
	s.cmd.Process.Kill()
}

// Run starts a program and returns when it has ended, or been killed because ctx
// was done. Signals are passed on to it. The last program of a sandbox is the
// first that has no Followed, or that fails; when Run returns from it, all output
// has been passed on.
func (s *Sandbox) Run(ctx context.Context, command Command, signals <-chan syscall.Signal) (Status, error) {
	defer s.killWhenDone(ctx)()
	if err := s.control.send(order{Command: &command}, nil); err != nil {
		return Status{}, s.died(ctx, err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case signal := <-signals:
				s.control.send(order{Signal: int(signal)}, nil)
			case <-done:
				return
			}
		}
	}()
	var answer report
	if _, err := s.control.receive(&answer); err != nil {
		return Status{}, s.died(ctx, err)
	}
	if err := answer.err(); err != nil {
		return Status{}, s.spec.explain(err)
	}
	if *answer.Status == (Status{}) && command.Followed {
		return Status{}, nil
	}
	return *answer.Status, s.wait()
}

// wait waits for the first process's end and the rest of the output.
func (s *Sandbox) wait() error {
	err := <-s.ended
	s.ended <- err
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// deathTime is how long the first process may take to end when it is killed.
const deathTime = 5 * time.Second

// died returns the reason why the channel's other end is closed.
func (s *Sandbox) died(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.kill()
	select {
	case ended := <-s.ended:
		s.ended <- ended
		err = fmt.Errorf("the sandbox's first process ended (%v): %w", ended, err)
		if s.outputs.noThread.Load() {
			return OutOfProcesses(err)
		}
		return err
	case <-time.After(deathTime):
		return fmt.Errorf("the sandbox's first process does not answer: %w", err)
	}
}

// Close ends all processes and waits for them.
func (s *Sandbox) Close() error {
	if s.Listener != nil {
		s.Listener.Close()
	}
	if s.cmd != nil {
		s.kill()
		s.wait()
	}
	if s.control.UnixConn != nil {
		s.control.Close()
	}
	if s.places == nil {
		return nil
	}
	if s.cmd != nil && !s.allGone() {
		return s.spec.left(nil)
	}
	return moveOut(s.places)
}

// allGone reports whether a chroot's first process ended with the status that all
// other processes had ended before it.
func (s *Sandbox) allGone() bool {
	code := s.cmd.ProcessState.ExitCode()
	return code == 0 || code == exitGone
}

// Static reports whether this executable is statically linked. It must be: it is
// started again in root file systems without its dynamic linker.
var Static = sync.OnceValues(func() (bool, error) {
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		return false, err
	}
	defer self.Close()
	return !slices.ContainsFunc(self.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }), nil
})
