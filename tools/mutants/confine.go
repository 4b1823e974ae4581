package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// confinedName is the name under which this executable re-executes itself.
const confinedName = "mutants-confined"

// confine isolates a command that runs as root. Changed sandbox code may act on
// the machine instead of the sandbox: kill all visible processes, change the
// root folder, or write kernel settings. So a root command gets its own pid,
// mount, UTS and IPC namespaces, which end with it; all file systems are
// read-only, except some folders; and it may not change the machine's limits,
// restart it, or set its clock. An unprivileged user's command runs unchanged.
func confine(cmd *exec.Cmd, writable ...string) {
	if os.Geteuid() != 0 {
		return
	}
	args := append([]string{confinedName, fmt.Sprint(len(writable))}, writable...)
	cmd.Args = append(append(args, cmd.Path), cmd.Args...)
	cmd.Path = "/proc/self/exe"
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
}

// confined runs the first process of a confined command. In any other process
// it returns.
func confined() {
	if os.Args[0] != confinedName {
		return
	}
	runtime.LockOSThread() // capabilities are a thread's
	var number int
	_, err := fmt.Sscan(os.Args[1], &number)
	if err == nil {
		err = separate(os.Args[2 : 2+number])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "separating the tests from the machine:", err)
		os.Exit(notSeparate)
	}
	path, args := os.Args[2+number], os.Args[3+number:]
	status, err := runFirst(path, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// notSeparate is the exit status if the isolation of a command failed.
const notSeparate = 113

// separate mounts a new /proc, and makes everything except some folders
// read-only.
func separate(writable []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	for _, folder := range writable {
		if err := unix.Mount(folder, folder, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("binding %s: %w", folder, err)
		}
	}
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &attributes); err != nil {
		return fmt.Errorf("making everything read-only: %w", err)
	}
	attributes = unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	for _, folder := range writable {
		if err := unix.MountSetattr(unix.AT_FDCWD, folder, 0, &attributes); err != nil {
			return fmt.Errorf("making %s writable: %w", folder, err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	for _, capability := range []uintptr{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_BOOT, unix.CAP_SYS_TIME, unix.CAP_SYS_MODULE} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("giving up a capability: %w", err)
		}
	}
	return nil
}

// runFirst runs a program as the namespace's init: it waits for it and reaps
// orphans.
func runFirst(path string, args []string) (status int, err error) {
	child, err := syscall.ForkExec(path, args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		return 1, err
	}
	for {
		var ended syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ended, 0, nil)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return 1, err
		}
		if pid == child {
			if ended.Signaled() {
				return 1, fmt.Errorf("%s: %s", path, ended.Signal())
			}
			return ended.ExitStatus(), nil
		}
	}
}
