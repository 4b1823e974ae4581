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

// What ends a chroot's processes: there is no namespace that would end with the
// first process.

// process is one of the machine's.
type process struct {
	pid, parent int
	state       byte   // proc_pid_stat(5): R, S, D, T, Z …
	start       string // when it began; with the number, no other process has it
}

// signal sends it one, and not to another process that has its number meanwhile.
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

// held says whether it does nothing any more: it was stopped, or has ended and
// waits for its parent.
func (p process) held() bool { return slices.Contains([]byte("TtZXx"), p.state) }

// ended says whether it only waits for its parent to hear of its end.
func (p process) ended() bool { return slices.Contains([]byte("ZXx"), p.state) }

// processes are those that /proc shows. A list without this process is an error:
// such a /proc shows nothing of others either.
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
			continue // it ended meanwhile
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

// parseStat reads a process's number, state, parent and start: its first, third,
// fourth and 22nd field. The second is a name in parentheses, which may hold anything.
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

// descendants are the processes below this one.
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

// killingTime is how long ending all processes may take.
const killingTime = 30 * time.Second

// endDescendants ends every process below this one, which must be the parent of
// every orphan among them and must not wait for children meanwhile. It is done
// when the kernel says that there is no child: then there is nothing below one
// either. An error means that some may be left.
//
// Killed one by one, processes that start others could go on for ever. So all
// are stopped first. Those that have ended are not waited for until then: they
// still count for the limit of their user's processes, at which one that starts
// others as fast as it is found fails (RLIMIT_NPROC in getrlimit(2)).
func endDescendants() error {
	deadline := time.Now().Add(killingTime)
	for childless() != nil {
		err := stopDescendants(deadline)
		var left []process
		if err == nil {
			left, err = descendants()
		}
		if err != nil {
			return &Error{ending, err}
		}
		for _, p := range left {
			if !p.ended() {
				p.signal(unix.SIGKILL)
			}
		}
		reap(50 * time.Millisecond)
		if time.Now().After(deadline) {
			return &Error{ending, fmt.Errorf("%d are left", len(left))}
		}
	}
	return nil
}

// ending is the step in which a sandbox's processes are ended.
const ending = "ending the sandbox's processes"

// childless is nil when this process has no child, running or ended.
func childless() error {
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return nil
		case !errors.Is(err, unix.EINTR):
			return errors.Join(errors.New("there are children"), err)
		}
	}
}

// stopDescendants stops processes until a look finds none that is not. One that
// was told to stop while it started another does not start a further one; one
// that waits in the kernel (state D) may wait for one that is stopped.
func stopDescendants(deadline time.Time) error {
	told := map[int]int{}
	for moving := true; moving && time.Now().Before(deadline); {
		stopNewest()
		moving = false
		all, err := descendants()
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.held() || p.state == 'D' && told[p.pid] > 2 {
				continue
			}
			moving = true
			told[p.pid]++
			p.signal(unix.SIGSTOP)
		}
	}
	return nil
}

// stopNewest stops the processes that became orphans last, as fast as it can: of
// a chain whose members live for a moment only, a look at all processes would come
// too late for every one. A kernel without the list of children has none.
func stopNewest() {
	path := fmt.Sprintf("/proc/self/task/%d/children", os.Getpid())
	for range 200 {
		text, err := os.ReadFile(path)
		if err != nil {
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

// maxNewest is how many bytes of a list of children are looked at.
const maxNewest = 64

// isChild says whether a field is a whole one of a list: the first of its end may
// be the rest of a number, and so another process's.
func isChild(list []byte, field string) bool {
	return bytes.HasPrefix(list, []byte(field+" ")) || bytes.Contains(list, []byte(" "+field+" "))
}

// reap waits for children that have ended, until there is none, or no other one
// has ended for a while.
func reap(timeout time.Duration) {
	for last := time.Now(); time.Since(last) < timeout; {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		switch {
		case err != nil && !errors.Is(err, syscall.EINTR):
			return
		case pid > 0:
			last = time.Now()
		default:
			time.Sleep(time.Millisecond)
		}
	}
}
