//go:build linux

package sandbox_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var programs = map[string]func(){
	"privileges": func() { os.Stdout.WriteString(privileges()) },
	"ask for itself": func() {
		link, _ := os.Readlink("/proc/self/exe")
		conn, err := net.Dial("tcp", os.Getenv("ADDRESS"))
		if err == nil {
			_, err = io.ReadAll(conn)
		}
		after, _ := os.Readlink("/proc/self/exe")
		fmt.Print(link, " ", err, " ", after, " ", privileges())
	},
	"environment": func() { os.Stdout.WriteString(strings.Join(os.Environ(), "\n")) },
	"exit 0":      func() {},
	"leave": func() {
		if cmd := startSleep(nil); cmd != nil {
			os.WriteFile("/data/left", []byte(strconv.Itoa(cmd.Process.Pid)), 0o644)
		}
	},
	"left": func() { // whether the program that "leave" started still runs
		text, _ := os.ReadFile("/data/left")
		pid, err := strconv.Atoi(string(text))
		if err == nil {
			err = syscall.Kill(pid, 0)
		}
		fmt.Println(err)
	},
	"count": func() { // the number of calls, kept in /data
		file, _ := os.OpenFile("/data/count", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
		file.WriteString("x")
		info, _ := file.Stat()
		fmt.Println(info.Size())
	},
	"exit 7": func() { os.Exit(7) },
	"abort":  func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"sleep":  func() { os.Stdout.WriteString("sleeping\n"); time.Sleep(time.Hour) },
	"orphan": func() {
		startSleep(os.Stdout)
	},
	"look": func() {
		for _, path := range []string{"/", "/dev", "/data", "/proc/self/fd"} {
			list, _ := os.ReadDir(path)
			for _, entry := range list {
				os.Stdout.WriteString(filepath.Join(path, entry.Name()) + "\n")
			}
		}
	},
	"write": func() {
		for _, path := range []string{"/new", "/dev/new", "/data/new", "/fixed/new", "/proc/sys/kernel/hostname"} {
			err := os.WriteFile(path, []byte("x"), 0o644)
			os.Stdout.WriteString(path + " " + outcome(err) + "\n")
		}
	},
	"namespace": func() {
		cmd := exec.Command("/bin/program") // a chroot has no /proc/self/exe
		cmd.Env = []string{"PROGRAM=exit 0"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
		os.Stdout.WriteString(outcome(cmd.Run()))
	},
	"call": func() {
		conn, err := net.Dial("tcp", os.Getenv("ADDRESS"))
		if err != nil {
			os.Stdout.WriteString(err.Error())
			return
		}
		io.Copy(os.Stdout, conn)
	},
}

// privileges asks the kernel, because a chroot has no /proc for that.
func privileges() string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err.Error()
	}
	var bounding uint64
	for number := uintptr(0); ; number++ {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, number, 0, 0, 0)
		if err != nil {
			break
		}
		bounding |= uint64(has) << number
	}
	groups, _ := os.Getgroups()
	noNewPrivs, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	own := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if len(groups) > 0 {
		own += fmt.Sprint(" groups ", groups)
	}
	return fmt.Sprintf("%s effective %x permitted %x inheritable %x bounding %x no_new_privs %d", own,
		data[0].Effective|data[1].Effective, data[0].Permitted|data[1].Permitted, data[0].Inheritable|data[1].Inheritable, bounding, noNewPrivs)
}

// startSleep starts a program without waiting for it. A chroot has no
// /proc/self/exe.
func startSleep(stdout io.Writer) *exec.Cmd {
	cmd := exec.Command("/bin/program")
	cmd.Env = []string{"PROGRAM=sleep"}
	cmd.Stdout = stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return nil
	}
	return cmd
}

func outcome(err error) string {
	if err != nil {
		return "refused"
	}
	return "done"
}

// install puts this test's executable into a root, as a hard link or a copy.
func install(t *testing.T, root string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, "bin/program")
	if os.Link(self, to) == nil {
		return
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	// A process that another test starts meanwhile has the file open, too, until it
	// executes its program: nobody can execute this one until then (ETXTBSY).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// processesOf returns the processes that run a program of a root file system.
func processesOf(root string) (found []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.Contains(to, root) {
			found = append(found, link+" "+to)
		}
	}
	return found
}
