//go:build linux

// Command init is the first process of the machine that verifyarm64 boots: it
// sets up a container's environment, runs the image's entrypoint as the image's
// user, sends it a request, prints the result on the console, and powers the
// machine off.
//
// It refuses to run unless it is process 1.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: this is the first process of a machine that verifyarm64 boots; got process", os.Getpid())
		os.Exit(1)
	}
	report(verify())
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("init: powering off:", err)
	}
	select {} // process 1 must not end
}

func verify() guest.Result {
	if err := prepare(); err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	raw, err := os.ReadFile("/" + guest.TaskPath)
	if err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	var task guest.Task
	if err := json.Unmarshal(raw, &task); err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	return run(task)
}

// report prints the result without interleaving: it silences the kernel, and
// [run] has stopped copying the entrypoint's output.
func report(r guest.Result) {
	var name unix.Utsname
	if err := unix.Uname(&name); err == nil {
		r.Machine, r.Kernel = unix.ByteSliceToString(name.Machine[:]), unix.ByteSliceToString(name.Release[:])
	}
	r.Uptime = uptime().Seconds()
	_ = os.WriteFile("/proc/sys/kernel/printk", []byte("1"), 0)
	line, err := r.Line()
	if err != nil {
		line = fmt.Sprintf("init: writing the result: %s\n", err)
	}
	fmt.Print(line)
	_ = unix.IoctlSetInt(1, unix.TCSBRK, 1) // until the console has written everything
}

func uptime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// mount is a file system of a container.
type mount struct {
	kind, dir, options string
	flags              uintptr
}

var mounts = []mount{
	{"devtmpfs", "/dev", "", syscall.MS_NOSUID},
	{"proc", "/proc", "", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC},
	{"sysfs", "/sys", "", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC | syscall.MS_RDONLY},
	{"devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", syscall.MS_NOSUID | syscall.MS_NOEXEC},
	{"tmpfs", "/dev/shm", "mode=1777", syscall.MS_NOSUID | syscall.MS_NODEV},
}

func prepare() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", m.dir, err)
		}
		if err := syscall.Mount(m.kind, m.dir, m.kind, m.flags, m.options); err != nil {
			return fmt.Errorf("mounting %s: %w", m.dir, err)
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(to, filepath.Join("/dev", name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	if err := names(); err != nil {
		return err
	}
	return loopbackUp()
}

// names sets the host name and writes /etc/hosts, as container engines do.
func names() error {
	if err := syscall.Sethostname([]byte("verifyarm64")); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := os.MkdirAll("/etc", 0o755); err != nil {
		return err
	}
	hosts := "127.0.0.1\tlocalhost verifyarm64\n::1\tlocalhost\n"
	return os.WriteFile("/etc/hosts", []byte(hosts), 0o644)
}

func loopbackUp() error {
	// An ioctl acts on a socket of the calling thread's network namespace.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bringing up lo: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bringing up lo: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bringing up lo: %w", err)
	}
	return nil
}
