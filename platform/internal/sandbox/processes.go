//go:build linux

package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Ending a chroot's processes: no namespace ends them with the first process.

// process is a process of the machine.
type process struct {
	pid, parent int
	state       byte   // proc_pid_stat(5): R, S, D, T, Z …
	start       string // start time; with the id it is unique
}

// signal sends a signal, but not to another process that reuses the id.
func (p process) signal(signal unix.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err == nil {
		defer unix.Close(fd)
	}
	if now, ok := parseStat(read(fmt.Sprintf("/proc/%d/stat", p.pid))); !ok || now.start != p.start {
		return
	}
	if err == nil {
		err = unix.PidfdSendSignal(fd, signal, nil, 0)
	}
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // before Linux 5.3, or a filter
		unix.Kill(p.pid, signal)
	}
}

// held reports whether the process no longer runs: it was stopped, or has ended
// and waits for its parent.
func (p process) held() bool { return slices.Contains([]byte("TtZXx"), p.state) }

// settled reports whether the process starts no others: it is held, or it waits in
// the kernel (state D), perhaps for a stopped process, although it was signalled
// this often.
func (p process) settled(signalled int) bool {
	return p.held() || p.state == 'D' && signalled >= patientSignals
}

// patientSignals is the number of signals after which a process that waits in the
// kernel is left to its wait.
const patientSignals = 3

// ended reports whether the process has ended, and waits for its parent.
func (p process) ended() bool { return slices.Contains([]byte("ZXx"), p.state) }

// processes lists the processes in /proc. A list without this process is an
// error: such a /proc shows no others either.
func processes() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		if p, ok := parseStat(string(text)); ok {
			all = append(all, p)
		}
	}
	if self := os.Getpid(); !slices.ContainsFunc(all, func(p process) bool { return p.pid == self }) {
		return nil, errors.New("/proc does not show the machine's processes")
	}
	return all, nil
}

// parseStat parses a process's id, state, parent and start time: the first,
// third, fourth and 22nd field. The second is a name in parentheses, which may
// contain anything.
func parseStat(text string) (process, bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	fields := strings.Fields(text[end+1:])
	if err != nil || len(fields) < 20 {
		return process{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return process{pid: pid, parent: parent, state: fields[0][0], start: fields[19]}, err == nil
}

// descendants lists the processes below this one.
func descendants() ([]process, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	below, found := map[int]bool{os.Getpid(): true}, []process{}
	for more := true; more; {
		more = false
		for _, p := range all {
			if below[p.parent] && !below[p.pid] {
				below[p.pid], more = true, true
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// killingTime is the time limit for ending all processes. Between two tries, ended
// ones are reaped until none has ended for reapQuiet, and at most for reapLongest.
const (
	killingTime = 30 * time.Second
	reapQuiet   = 50 * time.Millisecond
	reapLongest = 2 * time.Second
)

// endDescendants ends every process below this one, which must be the parent of
// all orphans among them and must not wait for children meanwhile. It is done
// when the kernel reports no children: then there are no further descendants
// either. After an error some may remain.
//
// Killed one by one, processes that start others could go on for ever. So all are
// stopped first. Until then, ended ones are not reaped: they still count towards
// their user's process limit, so that a process that starts others as fast as
// they are found fails (RLIMIT_NPROC in getrlimit(2)).
func endDescendants() error {
	deadline := time.Now().Add(killingTime)
	for childless() != nil {
		err := stopDescendants(deadline)
		var left []process
		if err == nil {
			left, err = descendants()
		}
		if err != nil {
			return &Error{Step: ending, Cause: err, Kind: Ending}
		}
		for _, p := range left {
			if !p.ended() {
				p.signal(unix.SIGKILL)
			}
		}
		reap(reapQuiet, reapLongest)
		if time.Now().After(deadline) {
			return &Error{Step: ending, Cause: fmt.Errorf("%d are left", len(left)), Kind: Ending}
		}
	}
	return nil
}

// ending is the step of ending a sandbox's processes.
const ending = "ending the sandbox's processes"

// seeChild waits until a child has ended, or not at all with WNOHANG, and leaves
// it to be reaped.
func seeChild(options int) error {
	return unix.Waitid(unix.P_ALL, ofAnyID, nil, unix.WEXITED|unix.WNOWAIT|unix.WALL|options, nil)
}

// blocking is the option of waiting without WNOHANG.
const blocking = 0

// ofAnyID is the id beside P_ALL, which waitid(2) ignores.
const ofAnyID = 0

// childless returns nil if this process has no child, running or ended.
func childless() error {
	for {
		err := seeChild(unix.WNOHANG)
		switch {
		case errors.Is(err, unix.ECHILD):
			return nil
		case !errors.Is(err, unix.EINTR):
			return errors.Join(errors.New("there are children"), err)
		}
	}
}

// stopDescendants stops processes until a scan finds all stopped, and no orphan has
// come meanwhile: a chain of short-lived processes can be ahead of every scan. A
// process that was sent the signal while it started another does not start a
// further one.
func stopDescendants(deadline time.Time) error {
	signalled := map[int]int{}
	for moving := true; moving && time.Now().Before(deadline); {
		before := children()
		stopNewest()
		all, err := descendants()
		if err != nil {
			return err
		}
		moving = !bytes.Equal(before, children())
		for _, p := range all {
			if p.settled(signalled[p.pid]) {
				continue
			}
			moving = true
			signalled[p.pid]++
			p.signal(unix.SIGSTOP)
		}
	}
	return nil
}

// stopNewest stops the newest orphans as fast as it can: in a chain of
// short-lived processes, a scan of all processes would always come too late. It
// needs the kernel's list of children.
func stopNewest() {
	for range newestRounds {
		text := children()
		if text == nil {
			return
		}
		newest := strings.Fields(string(text[max(0, len(text)-maxNewest):]))
		for _, field := range slices.Backward(newest) {
			if pid, err := strconv.Atoi(field); err == nil && isChild(text, field) {
				unix.Kill(pid, unix.SIGSTOP)
			}
		}
	}
}

// children is the kernel's list of this process's children, with a space after each
// id; nil if the kernel has none.
func children() []byte {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil {
		return nil
	}
	return text
}

// newestRounds is how often the newest are stopped before a scan of all.
const newestRounds = 200

// maxNewest is how many bytes at the end of the list of children are read.
const maxNewest = 64

// isChild reports whether a field is a complete process id in a list of children:
// the first field of the list's end may be the rest of another id.
func isChild(list []byte, field string) bool {
	return bytes.HasPrefix(list, []byte(field+" ")) || bytes.Contains(list, []byte(" "+field+" "))
}

// reap waits for ended children until there are none, until no further one has
// ended for the time-out, or for the longest time: something that was not stopped
// may start others without end.
func reap(timeout, longest time.Duration) {
	begin := time.Now()
	for last := begin; time.Since(last) < timeout && time.Since(begin) < longest; {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		switch {
		case err != nil && !errors.Is(err, syscall.EINTR):
			return
		case pid == 0: // those that are left have not ended
			time.Sleep(time.Millisecond)
		default:
			last = time.Now()
		}
	}
}
