package main

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// supervisor runs process groups one after the other.
type supervisor struct {
	signals     chan os.Signal // to forward
	children    chan os.Signal // SIGCHLD; one stands for any number of children
	catchOthers sync.Once      // see newSupervisor
	ended       os.Signal      // the first forwarded signal of enders, or nil
	terminal    bool           // this process has the terminal's foreground
}

// newSupervisor makes this process inherit orphans, and starts to catch the usual
// signals, so that none is lost before the first child runs. The many others are
// caught while the child starts, because that takes almost a millisecond.
func newSupervisor() (*supervisor, error) {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	s := &supervisor{signals: make(chan os.Signal, 128), children: make(chan os.Signal, 1)}
	signal.Notify(s.children, unix.SIGCHLD)
	signal.Notify(s.signals, usual...)
	front, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	s.terminal = err == nil && front == unix.Getpgrp()
	return s, nil
}

// enders are the signals that ask a process to end.
var enders = []os.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP}

// usual are the usual signals for servers.
var usual = append([]os.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH}, enders...)

// others returns all other signals that can be caught, except those about this
// process itself: the end of a child, the Go runtime's own (SIGURG, SIGPROF), a
// closed pipe, and faults.
func others() []os.Signal {
	own := map[syscall.Signal]bool{
		unix.SIGKILL: true, unix.SIGSTOP: true, unix.SIGCHLD: true, unix.SIGURG: true, unix.SIGPROF: true, unix.SIGPIPE: true,
		unix.SIGSEGV: true, unix.SIGBUS: true, unix.SIGFPE: true, unix.SIGILL: true, unix.SIGTRAP: true, unix.SIGSYS: true,
	}
	var all []os.Signal
	for s := syscall.Signal(1); s <= 64; s++ {
		if !own[s] && !slices.Contains(usual, os.Signal(s)) && s != 32 && s != 33 && s != 34 { // these three belong to the C library
			all = append(all, s)
		}
	}
	return all
}

// run runs a step as a process group of its own, and returns its exit status. On
// a terminal the group gets the foreground, without which it could not read from
// the terminal.
func (s *supervisor) run(what step) (status int, err error) {
	path, argv, err := find(what.argv)
	if err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   environment(what),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Foreground: s.terminal},
	})
	if err != nil {
		return 0, err
	}
	s.catchOthers.Do(func() { go signal.Notify(s.signals, others()...) })
	return s.supervise(pid), nil
}

// environment adds npm's variables for a script, and the command's.
func environment(what step) []string {
	all := os.Environ()
	for _, pair := range append([]string{"npm_lifecycle_event=" + what.event, "npm_lifecycle_script=" + what.script}, what.variables...) {
		name, _, _ := strings.Cut(pair, "=")
		all = slices.DeleteFunc(all, func(given string) bool { return strings.HasPrefix(given, name+"=") })
		all = append(all, pair)
	}
	return all
}

// supervise forwards signals to a child's group, and reaps processes, until the
// child and, after one of enders, its group have ended.
func (s *supervisor) supervise(pid int) int {
	status, ended, ending := 0, false, false
	for {
		for {
			reaped, result := reap()
			if reaped == 0 {
				break
			}
			if reaped == pid {
				status, ended = result, true
			}
		}
		if ended && (!ending || unix.Kill(-pid, 0) == unix.ESRCH) {
			return status
		}
		select {
		case <-s.children:
		case caught := <-s.signals:
			if slices.Contains(enders, caught) {
				ending = true
				if s.ended == nil {
					s.ended = caught
				}
			}
			_ = unix.Kill(-pid, caught.(syscall.Signal)) // if the group is gone, its SIGCHLD follows
		}
	}
}

// reap collects one ended process. It returns 0 if there is none.
func reap() (pid, status int) {
	for {
		var result unix.WaitStatus
		pid, err := unix.Wait4(-1, &result, unix.WNOHANG, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || pid <= 0:
			return 0, 0
		case result.Signaled():
			return pid, signalled(result.Signal())
		default:
			return pid, result.ExitStatus()
		}
	}
}

// signalled returns the exit status for a signal.
func signalled(by os.Signal) int { return 128 + int(by.(syscall.Signal)) }
