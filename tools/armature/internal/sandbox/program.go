//go:build linux

package sandbox

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// program is what the process that becomes the program has to know.
type program struct {
	Setup   setup
	Command Command
}

const errorFD = 4

// becomeProgram gives up every privilege and executes the program. It does
// not return.
func becomeProgram() {
	orders, failed := os.NewFile(controlFD, "order"), os.NewFile(errorFD, "error")
	unix.CloseOnExec(controlFD)
	unix.CloseOnExec(errorFD)
	var p program
	err := json.NewDecoder(orders).Decode(&p)
	if err == nil {
		err = p.become()
	}
	json.NewEncoder(failed).Encode(reportOf(err))
	os.Exit(127)
}

func (p program) become() error {
	if p.Setup.Way == Chroot {
		if err := unix.Chroot(p.Setup.Root); err != nil {
			return &Error{"changing the root folder", err}
		}
	}
	dir := filepath.Join("/", p.Command.Dir)
	if err := unix.Chdir(dir); err != nil {
		return &Error{entering + dir, err}
	}
	if err := p.giveUp(); err != nil {
		return err
	}
	if len(p.Command.Args) == 0 {
		os.Exit(0) // a try: everything that a program needs works
	}
	unix.Umask(0o022)
	err := unix.Exec(p.Command.Args[0], p.Command.Args, p.Command.Env)
	return &Error{executing + p.Command.Args[0], err}
}

// giveUp leaves the process with the user's ids, no capability in any set and
// no way to get one back; or, for a program that does the rest itself, as a
// root that can do nothing but change its ids. The order matters: each step
// needs what a later one takes away.
func (p program) giveUp() error {
	var kept []uintptr
	if p.Setup.Way == Chroot && p.Command.DropsRoot {
		kept = []uintptr{unix.CAP_SETUID, unix.CAP_SETGID}
	}
	if err := dropBounding(kept); err != nil {
		return err
	}
	if !p.Setup.OneID {
		if err := p.Setup.changeIDs(kept == nil); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return &Error{"clearing ambient capabilities", err}
	}
	if err := setCapabilities(kept); err != nil {
		return &Error{"clearing capabilities", err}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return &Error{"setting no_new_privs", err}
	}
	leaveOthersAlone()
	if err := p.filterSystemCalls(); err != nil {
		return err
	}
	return closeInherited()
}

// changeIDs leaves the host's groups and, unless the program does so, root.
func (s setup) changeIDs(leaveRoot bool) error {
	if err := unix.Setgroups(nil); err != nil {
		return &Error{"leaving supplementary groups", err}
	}
	if !leaveRoot {
		return nil
	}
	if err := unix.Setresgid(s.Group, s.Group, s.Group); err != nil {
		return &Error{"changing the group", err}
	}
	if err := unix.Setresuid(s.User, s.User, s.User); err != nil {
		return &Error{"changing the user", err}
	}
	return nil
}

// dropBounding leaves of the capabilities that a process can ever have only
// those given. The kernel ends the list with EINVAL.
func dropBounding(kept []uintptr) error {
	for number := uintptr(0); ; number++ {
		if slices.Contains(kept, number) {
			continue
		}
		switch err := unix.Prctl(unix.PR_CAPBSET_DROP, number, 0, 0, 0); err {
		case nil:
		case unix.EINVAL:
			return nil
		default:
			return &Error{"dropping capabilities", err}
		}
	}
}

// setCapabilities gives this process those and no other.
func setCapabilities(kept []uintptr) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for _, number := range kept {
		data[number/32].Permitted |= 1 << (number % 32)
		data[number/32].Effective |= 1 << (number % 32)
	}
	return unix.Capset(&header, &data[0])
}

// leaveOthersAlone keeps the program from the host's sockets that have no place
// in the file system, where it shares the host's network, and from signals to
// processes that are not of the sandbox, where it has no pid namespace
// (Landlock, from Linux 6.12 on). An older kernel cannot.
func leaveOthersAlone() {
	rules := unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if errno != 0 {
		return
	}
	unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
	unix.Close(int(fd))
}

// closeInherited sees to it that the program gets standard input, output and
// errors and nothing else, whatever the caller's caller left open.
func closeInherited() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	// Linux before 5.11, or a filter: no list of what is open can be read in
	// a chroot, but the limit is known.
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return &Error{"closing inherited files", err}
	}
	for fd := 3; uint64(fd) < min(limit.Cur, 1<<16); fd++ {
		unix.CloseOnExec(fd)
	}
	return nil
}
