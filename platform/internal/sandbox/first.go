//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The names under which an executable is started again.
const (
	firstName = "armature-sandbox"
	lastName  = "armature-sandbox-program"
	idsName   = "armature-sandbox-ids"
)

// Reexec must be the first call in the main of a program with sandboxes. In a
// process that the sandbox started it does that process's work and exits;
// otherwise it returns.
func Reexec() {
	reexec.Store(true)
	switch os.Args[0] {
	case firstName:
		runtime.LockOSThread()
		runFirst()
		os.Exit(0)
	case idsName:
		holdIDs()
		os.Exit(0)
	case lastName:
		runtime.LockOSThread()
		becomeProgram()
	}
}

// reexec records the call of Reexec. Without that call, the first process would
// run main, and start a first process of its own.
var reexec atomic.Bool

// controlFD is the descriptor through which a process talks to its starter.
const controlFD = 3

// first is the sandbox's first process.
type first struct {
	setup    setup
	control  channel
	commands chan Command
	program  atomic.Int64  // process id, 0 if none runs
	begun    chan struct{} // receives a value for each command, when program is set, or when it has no process
	short    atomic.Bool   // the program was ended because it used all its allowed processes

	// reaping protects starting processes, waiting for ended ones, and ending
	// all. Once leaving is set nobody else may do these.
	reaping sync.Mutex
	leaving bool

	// namespaces is the setting for the maximal number of user namespaces below
	// this process's. It is nil if the setting is not writable, as in any other
	// process of the user.
	namespaces *os.File
}

func runFirst() {
	if name, err := unix.BytePtrFromString(firstName); err == nil { // ps shows 15 bytes of it
		prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)))
	}
	control, err := newChannel(os.NewFile(controlFD, "control"))
	if err != nil {
		os.Exit(exitGone)
	}
	f := &first{control: control, commands: make(chan Command), begun: make(chan struct{})}
	if _, err := control.receive(&f.setup); err != nil {
		os.Exit(exitGone) // the caller is gone
	}
	if f.setup.Way == Chroot {
		f.makeParent()
	}
	listener, err := f.prepare()
	if err != nil {
		control.send(reportOf(err), nil)
		return
	}
	control.send(report{}, listener)
	listener.Close()
	go f.follow()
	for more := true; more; {
		command := <-f.commands
		status, err := f.run(command)
		f.reaping.Lock()
		left := f.endAll()
		f.reaping.Unlock()
		more = err == nil && left == nil && status == Status{} && command.Followed
		if left != nil {
			err = left
		}
		answer := report{Status: &status}
		if err != nil {
			answer = reportOf(err)
		}
		control.send(answer, nil)
		if left != nil {
			os.Exit(exitLeft)
		}
	}
}

// prepare makes everything but the program, and the listener in the sandbox's
// network.
func (f *first) prepare() (*os.File, error) {
	if err := joinEmptyKeyring(); err != nil {
		return nil, err
	}
	if f.setup.Way != Chroot {
		if err := unix.Sethostname([]byte(f.setup.Hostname)); err != nil {
			return nil, &Error{Step: "naming the sandbox", Cause: err}
		}
		if f.setup.Way == Users {
			if file, err := os.OpenFile("/proc/sys/user/max_user_namespaces", os.O_WRONLY, 0); err == nil {
				f.namespaces = file
			}
			f.allowUserNamespaces(0)
		}
		if err := f.setup.mountAll(); err != nil {
			return nil, err
		}
	}
	if f.setup.Network == None {
		if err := raiseLoopback(); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, &Error{Step: "listening on 127.0.0.1", Cause: err}
	}
	defer listener.Close()
	return listener.(*net.TCPListener).File()
}

// run starts a program and waits for it, and reaps other processes meanwhile.
func (f *first) run(command Command) (Status, error) {
	if command.Heading != "" {
		fmt.Println(command.Heading)
	}
	var pid int
	var err error
	if len(command.Args) > 0 || !command.Followed {
		pid, err = f.startProgram(command)
	}
	f.program.Store(int64(pid))
	defer f.program.Store(0)
	f.begun <- struct{}{}
	if pid == 0 {
		return Status{}, err
	}
	if f.setup.Limits.Processes > 0 {
		done := make(chan struct{})
		defer close(done)
		go f.watch(pid, done, time.Tick(lookEvery))
	}
	status, err := f.await(pid)
	if f.short.Load() {
		err = &Error{Step: running, Cause: ErrProcesses}
	}
	return status, err
}

// await waits for a process, and reaps others meanwhile.
func (f *first) await(pid int) (Status, error) {
	for {
		err := seeChild(blocking)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return Status{}, &Error{Step: "waiting for the program", Cause: err}
		}
		var status unix.WaitStatus
		f.reaping.Lock()
		if f.leaving {
			f.reaping.Unlock()
			select {} // until the process ends
		}
		got, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WALL, nil)
		f.reaping.Unlock()
		switch {
		case err != nil || got != pid:
		case status.Signaled():
			return Status{Signal: int(status.Signal())}, nil
		default:
			return Status{Code: status.ExitStatus()}, nil
		}
	}
}

// follow executes the caller's orders, and ends everything when the caller is
// gone.
func (f *first) follow() {
	for {
		var o order
		if _, err := f.control.receive(&o); err != nil {
			f.exit()
		}
		if o.Command != nil {
			f.commands <- *o.Command
			<-f.begun // the next signal is for it
		}
		if pid := int(f.program.Load()); pid != 0 {
			unix.Kill(pid, unix.Signal(o.Signal)) // no signal, 0, does nothing
		}
	}
}

// This process's exit status when told to end: all others have ended, or some may
// remain.
const (
	exitGone = 1
	exitLeft = 3
)

// exit ends every process, this one last.
func (f *first) exit() {
	f.reaping.Lock()
	f.leaving = true
	if f.endAll() != nil {
		os.Exit(exitLeft)
	}
	os.Exit(exitGone)
}

// endAll ends every other process. The caller holds reaping.
func (f *first) endAll() error {
	if f.setup.Way == Chroot {
		return endDescendants()
	}
	unix.Kill(-1, unix.SIGKILL)
	for {
		if _, err := unix.Wait4(-1, nil, unix.WALL, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return nil
		}
	}
}

// joinEmptyKeyring leaves the caller's session keyring, which would be inherited.
// It does nothing if the kernel has no keyrings, or a filter denies them.
func joinEmptyKeyring() error {
	_, _, errno := unix.Syscall(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)
	switch errno {
	case 0, unix.ENOSYS, unix.EPERM, unix.EACCES, unix.EDQUOT:
		return nil
	}
	return &Error{Step: "leaving the session keyring", Cause: errno}
}

// allowUserNamespaces limits the number of user namespaces to those that exist,
// so that programs cannot become root in a new one.
func (f *first) allowUserNamespaces(most int) {
	if f.namespaces != nil {
		f.namespaces.WriteAt([]byte(strconv.Itoa(most)+"\n"), 0)
	}
}

// raiseLoopback enables 127.0.0.1 in a new network namespace.
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return &Error{Step: "raising the loopback interface", Cause: err}
	}
	defer unix.Close(socket)
	request, _ := unix.NewIfreq("lo") // fails for a longer name
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return &Error{Step: "raising the loopback interface", Cause: err}
	}
	return nil
}
