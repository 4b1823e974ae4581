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

// Sandbox is one that stands. Close it in any case.
type Sandbox struct {
	// Listener accepts connections that the program makes to its 127.0.0.1.
	Listener net.Listener

	spec    Spec
	cmd     *exec.Cmd
	control channel
	ended   chan error // gets what became of the first process, once
	places  []place    // what a chroot moved
	outputs *outputs
}

// Start makes a sandbox. An error that the system gave is an [*Error].
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
		spec.Stderr = io.Discard // what the first process says there is looked at
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
	far.Close() // or the end of the first process would not be the channel's
	s.outputs.closeEnds()
	if err != nil {
		s.cmd = nil
		return startError("starting a process for a "+string(s.spec.Way), err)
	}
	defer s.killWhenDone(ctx)()
	message := setup{
		Way: s.spec.Way, Root: s.spec.Root, MountPoint: s.spec.MountPoint, Binds: s.spec.Binds, User: s.spec.User, Group: s.spec.Group,
		Hostname: s.spec.Hostname, Network: s.spec.Network, OneID: s.oneID(),
		Limits: s.spec.Limits, Tmpfs: s.spec.Tmpfs,
	}
	if err := s.control.send(message, nil); err != nil {
		return err
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

// first is the command that starts this executable as the first process. Its
// environment is empty: the host's is nobody's business inside.
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

// supervise starts the first process and waits for it on one thread, whose
// end would be taken for that of this process (PR_SET_PDEATHSIG in prctl(2)).
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

// killWhenDone ends the sandbox when the context does, until the function it
// returns is called.
func (s *Sandbox) killWhenDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, s.kill)
}

// kill ends the first process, and with it all others. In a chroot that
// process has to do so, and is told by the end of the channel.
func (s *Sandbox) kill() {
	if s.spec.Way == Chroot {
		s.control.Close()
		return
	}
	s.cmd.Process.Kill()
}

// Run starts a program and returns when it has ended, or been killed because
// ctx was done. Signals go to it until then. The last of a sandbox's programs is
// the first that is not followed by another, or that fails; when Run returns from
// it everything that was printed has been passed on.
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

// wait until the first process is gone, and everything that was printed has
// been passed on.
func (s *Sandbox) wait() error {
	err := <-s.ended
	s.ended <- err
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// died says why the other end of the channel is gone.
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
	case <-time.After(5 * time.Second):
		return fmt.Errorf("the sandbox's first process does not answer: %w", err)
	}
}

// Close ends whatever still runs and waits until it has.
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

// allGone says whether the first process of a chroot, which has ended, says that
// all others had before it.
func (s *Sandbox) allGone() bool {
	code := s.cmd.ProcessState.ExitCode()
	return code == 0 || code == exitGone
}

// Static says whether this executable is statically linked. It has to be: it
// is started again where there is no dynamic linker, or another one.
var Static = sync.OnceValues(func() (bool, error) {
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		return false, err
	}
	defer self.Close()
	return !slices.ContainsFunc(self.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }), nil
})
