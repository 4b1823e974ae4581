//go:build linux

package sandbox

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// program is the input of the process that becomes the program.
type program struct {
	Setup   setup
	Command Command
}

const errorFD = 4

// exitUnstarted is the exit status of a process that did not become the program.
const exitUnstarted = 127

// becomeProgram gives up all privileges and executes the program. It does not
// return.
func becomeProgram() {
	orders, failed := os.NewFile(controlFD, "order"), os.NewFile(errorFD, "error")
	var p program
	err := json.NewDecoder(orders).Decode(&p)
	if err == nil {
		err = p.become()
	}
	json.NewEncoder(failed).Encode(reportOf(err))
	os.Exit(exitUnstarted)
}

func (p program) become() error {
	if err := p.Setup.Limits.set(); err != nil { // the kernel checks them when the user changes
		return err
	}
	if p.Setup.Way == Chroot {
		if err := unix.Chroot(p.Setup.Root); err != nil {
			return &Error{Step: "changing the root folder", Cause: err}
		}
	}
	dir := filepath.Join("/", p.Command.Dir)
	if err := unix.Chdir(dir); err != nil {
		return &Error{Step: "entering the folder " + dir, Cause: err, Kind: Entering}
	}
	if err := p.giveUp(); err != nil {
		return err
	}
	if len(p.Command.Args) == 0 {
		os.Exit(0) // for Try: everything that a program needs works
	}
	unix.Umask(0o022)
	err := unix.Exec(p.Command.Args[0], p.Command.Args, p.Command.Env)
	return &Error{Step: "executing " + p.Command.Args[0], Cause: err, Kind: Executing}
}

// giveUp leaves the process with the user's ids, no capability in any set and no
// way to get one back. The order matters: each step needs privileges that a later
// one drops.
func (p program) giveUp() error {
	if err := dropBounding(); err != nil {
		return err
	}
	if !p.Setup.OneID {
		if err := p.Setup.changeIDs(); err != nil {
			return err
		}
	}
	if err := prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL); err != nil {
		return &Error{Step: "clearing ambient capabilities", Cause: err}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return &Error{Step: "clearing capabilities", Cause: err}
	}
	if err := prctl(unix.PR_SET_NO_NEW_PRIVS, on); err != nil {
		return &Error{Step: "setting no_new_privs", Cause: err}
	}
	leaveOthersAlone()
	if err := p.filterSystemCalls(); err != nil {
		return err
	}
	return closeInherited()
}

// changeIDs gives up the host's groups and root.
func (s setup) changeIDs() error {
	if err := unix.Setgroups(nil); err != nil {
		return &Error{Step: "leaving supplementary groups", Cause: err}
	}
	if err := unix.Setresgid(s.Group, s.Group, s.Group); err != nil {
		return &Error{Step: "changing the group", Cause: err}
	}
	if err := unix.Setresuid(s.User, s.User, s.User); err != nil {
		return &Error{Step: "changing the user", Cause: err}
	}
	return nil
}

// dropBounding empties the capability bounding set. The kernel ends the list with
// EINVAL.
func dropBounding() error {
	for number := uintptr(0); ; number++ {
		switch err := prctl(unix.PR_CAPBSET_DROP, number); err {
		case nil:
		case unix.EINVAL:
			return nil
		default:
			return &Error{Step: "dropping capabilities", Cause: err}
		}
	}
}

// prctl calls prctl(2) with one argument: the others must be 0.
func prctl(option int, argument uintptr) error { return unix.Prctl(option, argument, 0, 0, 0) }

// leaveOthersAlone blocks abstract Unix sockets of the host, if the program
// shares the host's network, and signals to processes outside of the sandbox, if
// it has no pid namespace (Landlock, since Linux 6.12). Older kernels cannot.
func leaveOthersAlone() {
	rules := unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if errno != 0 {
		return
	}
	unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
}

// closeInherited closes all descriptors but standard input, output and error,
// whatever the caller inherited.
func closeInherited() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	// Linux before 5.11, or a filter: a chroot cannot list the open descriptors,
	// but their limit is known.
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return &Error{Step: "closing inherited files", Cause: err}
	}
	for fd := 3; uint64(fd) < min(limit.Cur, 1<<16); fd++ {
		unix.CloseOnExec(fd)
	}
	return nil
}
