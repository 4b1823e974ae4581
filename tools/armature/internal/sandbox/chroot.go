//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// place is a bind's source that was moved into a chroot.
type place struct{ source, target string }

// moveIn puts the sources of all binds where their targets are: without
// mounts that is the only way to be in two places. What was moved before an
// error is moved back.
func moveIn(spec Spec) (places []place, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, moveOut(places))
		}
	}()
	for _, b := range spec.Binds {
		target, err := pointFor(spec.Root, b.Target)
		if err != nil {
			return places, err
		}
		if err := os.RemoveAll(target); err != nil {
			return places, fmt.Errorf("making room for %s: %w", b.Target, err)
		}
		if err := os.Rename(b.Source, target); err != nil {
			return places, fmt.Errorf("moving %s into the sandbox: %w", b.Source, err)
		}
		places = append(places, place{source: b.Source, target: target})
	}
	return places, nil
}

// moveOut takes everything back, last first.
func moveOut(places []place) error {
	var failed []error
	for i := len(places) - 1; i >= 0; i-- {
		failed = append(failed, os.Rename(places[i].target, places[i].source))
	}
	return errors.Join(failed...)
}

// makeDevices makes a chroot's /dev.
func makeDevices(root string) error {
	dev, err := pointFor(root, "/dev")
	if err != nil {
		return err
	}
	if err := removeContents(dev); err != nil { // what the image has there
		return err
	}
	for _, device := range devices {
		path := filepath.Join(dev, device.name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(device.major, device.minor))); err != nil {
			return &Error{"making the device " + device.name, err}
		}
		if err := os.Chmod(path, 0o666); err != nil {
			return err
		}
	}
	return linkDevices(dev)
}

func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// answerRoot makes the one link of /proc that a program needs while it is root.
// Whatever it starts as a user finds no /proc, as before.
func answerRoot(root, executable string) error {
	self, err := pointFor(root, "/proc")
	if err == nil {
		self = filepath.Join(self, "self")
		err = os.Mkdir(self, 0o700)
	}
	if err == nil {
		err = os.Symlink(executable, filepath.Join(self, "exe"))
	}
	if err != nil {
		return &Error{"making /proc/self/exe", err}
	}
	return nil
}

// endWithChildren makes this process the parent of every orphan below it, and
// SIGTERM, which the caller's death sends, the end of all of them.
func endWithChildren() {
	unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		killChildren()
		os.Exit(1)
	}()
}

// killChildren ends all processes below this one. Children of those that die
// become this one's, so it goes on until there are none.
func killChildren() {
	for {
		children := childrenOf(os.Getpid())
		if len(children) == 0 {
			return
		}
		for _, pid := range children {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, 0, nil)
		}
	}
}

// childrenOf reads the children of a process from every process's stat: its
// fourth field, counted after the name in parentheses (proc_pid_stat(5)).
func childrenOf(parent int) (children []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			children = append(children, pid)
		}
	}
	return children
}
