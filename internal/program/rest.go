package program

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Process is a process that a program left behind. Pid is 0 if the process is
// not visible, because there is no /proc or it belongs to another user.
type Process struct {
	Pid  int
	Name string // its program and, where that is an interpreter, most likely its script: "node server.js"
}

// String names the process.
func (p Process) String() string {
	switch {
	case p.Pid == 0:
		return "a process that cannot be seen"
	case p.Name == "":
		return "process " + strconv.Itoa(p.Pid)
	}
	return fmt.Sprintf("%s (process %d)", p.Name, p.Pid)
}

// Names lists up to five processes for a message.
func Names(all []Process) string {
	const most = 5
	var names []string
	for _, one := range all[:min(len(all), most)] {
		names = append(names, one.String())
	}
	if more := len(all) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// endRest kills the processes that remain after wait, and returns them.
func (p *Program) endRest(wait time.Duration) (ended []Process) {
	if p.gone(wait) {
		return nil
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, endTime}, {syscall.SIGKILL, endTime}} {
		rest := p.rest()
		for _, one := range rest {
			if !contains(ended, one) {
				ended = append(ended, one)
			}
			pid := one.Pid
			if pid == 0 {
				pid = -p.Pid() // only its group is known
			}
			_ = syscall.Kill(pid, step.signal) // it may have ended
		}
		if len(rest) == 0 || p.gone(step.wait) {
			break
		}
	}
	return ended
}

// gone waits, at most that long, until no process is left.
func (p *Program) gone(wait time.Duration) bool {
	for deadline := time.Now().Add(wait); ; time.Sleep(pause) {
		if !p.holdsOutput() && len(p.group()) == 0 {
			return true
		}
		if !time.Now().Before(deadline) {
			return false
		}
	}
}

// holdsOutput reports whether a process still holds the output, or unread
// output remains.
func (p *Program) holdsOutput() bool {
	select {
	case <-p.copied:
		return false
	case <-time.After(pause / 10): // let pending output arrive
		return true
	}
}

// rest returns the remaining processes, each once.
func (p *Program) rest() []Process {
	all := p.group()
	for _, one := range p.holders() {
		if !contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

func contains(all []Process, one Process) bool {
	return slices.ContainsFunc(all, func(other Process) bool { return other.Pid == one.Pid })
}

// group returns the remaining processes of the program's group, except zombies.
func (p *Program) group() []Process {
	if syscall.Kill(-p.Pid(), 0) == syscall.ESRCH {
		return nil
	}
	pids, err := processes()
	if err != nil {
		return []Process{{}} // one exists, but without /proc it has no name
	}
	var all []Process
	for _, pid := range pids {
		if state, group := stat(pid); group == p.Pid() && state != "Z" && state != "X" {
			all = append(all, describe(pid))
		}
	}
	return all
}

// holders returns the processes that hold the output, except this one.
func (p *Program) holders() []Process {
	var all []Process
	pids, _ := processes()
	for _, pid := range pids {
		if pid == os.Getpid() {
			continue
		}
		dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
		files, err := os.ReadDir(dir)
		if err != nil {
			continue // it has ended, or is another user's
		}
		for _, file := range files {
			if to, err := os.Readlink(filepath.Join(dir, file.Name())); err == nil && slices.Contains(p.inodes, to) {
				all = append(all, describe(pid))
				break
			}
		}
	}
	return all
}

func processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			all = append(all, pid)
		}
	}
	if len(all) == 0 {
		return nil, os.ErrNotExist
	}
	return all, nil
}

// stat returns a process's state and group from proc_pid_stat(5): after the
// name, which is in parentheses and may have any character.
func stat(pid int) (state string, group int) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 3 {
		return "", 0
	}
	group, _ = strconv.Atoi(string(fields[2]))
	return string(fields[0]), group
}

// describe names a process by its program and the first argument that is no
// option. Later arguments may be secret.
func describe(pid int) Process {
	one := Process{Pid: pid}
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	args := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	one.Name = plain(filepath.Base(args[0]))
	if args[0] == "" {
		one.Name = ""
	}
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") && !strings.Contains(args[1], "=") && !strings.Contains(args[1], "://") {
		one.Name += " " + plain(args[1])
	}
	return one
}

// plain returns a shortened text without terminal control characters.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// inode returns /proc's name for a pipe.
func inode(pipe *os.File) string {
	info, err := pipe.Stat()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("pipe:[%d]", info.Sys().(*syscall.Stat_t).Ino)
}
