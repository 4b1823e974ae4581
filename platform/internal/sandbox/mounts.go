//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// devices are the program's devices, with their numbers for a chroot.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

var deviceLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
}

// closedFlags are for mounts of which nothing is executed.
const closedFlags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mountAll builds the mount tree over MountPoint and makes it the root. Its
// mounts do not propagate to other mount namespaces.
func (s setup) mountAll() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return &Error{Step: "making mounts private", Cause: err}
	}
	if err := s.mountRoot(); err != nil {
		return err
	}
	if err := s.mountProc(); err != nil {
		return err
	}
	if err := s.mountDev(); err != nil {
		return err
	}
	for _, b := range s.Binds {
		if b.Inside {
			continue // see below
		}
		target, err := mountPointFor(s.MountPoint, b.Target)
		if err != nil {
			return err
		}
		flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV)
		if !b.Writable {
			flags |= unix.MS_RDONLY
		}
		if b.Recursive {
			err = bindTree(b.Source, target, flags)
		} else {
			err = bind(b.Source, target, flags)
		}
		if err != nil {
			return err
		}
	}
	for _, folder := range s.Tmpfs {
		target, err := mountPointFor(s.MountPoint, folder)
		if err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", target, "tmpfs", closedFlags, "mode=1777"); err != nil {
			return &Error{Step: "mounting " + folder, Cause: err}
		}
	}
	owned, err := s.openOwned()
	if err != nil {
		return err
	}
	defer owned.close()
	if err := s.pivot(); err != nil {
		return err
	}
	owned.mount(s)
	return s.bindInside()
}

// bindInside makes the binds whose source is inside.
func (s setup) bindInside() error {
	for _, b := range s.Binds {
		if !b.Inside {
			continue
		}
		source, err := mountPointFor("/", b.Source)
		if err != nil {
			return err
		}
		target, err := mountPointFor("/", b.Target)
		if err != nil {
			return err
		}
		if err := bind(source, target, unix.MS_NOSUID|unix.MS_NODEV); err != nil {
			return err
		}
	}
	return nil
}

// outputNames is where other programs find the program's outputs.
const outputNames = "/proc/1/fd"

// mountOutputNames hides the first process's open files, which no program inside
// could read anyway. If the kernel refuses the mount, nothing changes.
func mountOutputNames(proc string) {
	unix.Mount("tmpfs", filepath.Join(proc, "1/fd"), "tmpfs", closedFlags|unix.MS_RDONLY, "mode=555,size=4k,nr_inodes=8")
}

// nameOutput links /proc/1/fd to a program's open files. Under an engine the
// program is process 1; many programs write to /proc/1/fd/1 whatever their own id
// is.
func nameOutput(pid int) {
	var stat unix.Statfs_t
	unix.Statfs(outputNames, &stat) // after an error it has no type
	if stat.Type != unix.TMPFS_MAGIC {
		return
	}
	unix.Mount("", outputNames, "", unix.MS_REMOUNT|closedFlags, "")
	for fd := range 3 {
		link := filepath.Join(outputNames, strconv.Itoa(fd))
		os.Remove(link)
		os.Symlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), link)
	}
	unix.Mount("", outputNames, "", unix.MS_REMOUNT|closedFlags|unix.MS_RDONLY, "")
}

// pivot makes MountPoint the root and unmounts the host's.
func (s setup) pivot() error {
	if err := unix.Chdir(s.MountPoint); err != nil {
		return &Error{Step: "entering " + s.MountPoint, Cause: err}
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return &Error{Step: "changing the root", Cause: err}
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return &Error{Step: "leaving the host's root", Cause: err}
	}
	return unix.Chdir("/")
}

// mountProc mounts a /proc of the sandbox's own processes.
func (s setup) mountProc() error {
	target, err := mountPointFor(s.MountPoint, "/proc")
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", target, "proc", closedFlags, ""); err != nil {
		return &Error{Step: "mounting /proc", Cause: err}
	}
	mountOutputNames(target)
	return restrictProc(target)
}

// The parts of /proc that concern the whole machine: settings, which stay
// readable, and files that reveal or do more than a build needs.
var (
	procReadOnly = []string{"bus", "fs", "irq", "sys", "sysrq-trigger"}
	procHidden   = []string{"acpi", "asound", "kcore", "key-users", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats"}
)

// restrictProc protects the machine's settings even from a program that became
// root.
func restrictProc(proc string) error {
	for _, name := range procReadOnly {
		path := filepath.Join(proc, name)
		if err := bind(path, path, closedFlags|unix.MS_RDONLY); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	for _, name := range procHidden {
		path := filepath.Join(proc, name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && info.IsDir():
			err = unix.Mount("tmpfs", path, "tmpfs", closedFlags|unix.MS_RDONLY, "mode=555,size=4k")
		default: // mounting says why it cannot be looked at, if so
			err = unix.Mount("/dev/null", path, "", unix.MS_BIND, "")
		}
		if err != nil {
			return &Error{Step: "hiding /proc/" + name, Cause: err}
		}
	}
	return nil
}

// mountDev mounts a /dev with the few devices that reveal nothing about the host.
func (s setup) mountDev() error {
	dev, err := mountPointFor(s.MountPoint, "/dev")
	if err != nil {
		return err
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NOEXEC)
	if err := unix.Mount("tmpfs", dev, "tmpfs", flags, "mode=755,size=64k"); err != nil {
		return &Error{Step: "mounting /dev", Cause: err}
	}
	for _, device := range devices {
		target := filepath.Join(dev, device.name)
		if err := os.WriteFile(target, nil, 0o666); err != nil {
			return err
		}
		if err := bind("/dev/"+device.name, target, unix.MS_NOSUID|unix.MS_NOEXEC); err != nil {
			return err
		}
	}
	if err := linkDevices(dev); err != nil {
		return err
	}
	shm := filepath.Join(dev, "shm")
	if err := os.Mkdir(shm, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", shm, "tmpfs", flags|unix.MS_NODEV, "mode=1777,size=64m"); err != nil {
		return &Error{Step: "mounting /dev/shm", Cause: err}
	}
	if err := unix.Mount("", dev, "", unix.MS_REMOUNT|unix.MS_BIND|flags|unix.MS_RDONLY, ""); err != nil {
		return &Error{Step: "making /dev read-only", Cause: err}
	}
	return nil
}

func linkDevices(dev string) error {
	for name, to := range deviceLinks {
		if err := os.Symlink(to, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}
