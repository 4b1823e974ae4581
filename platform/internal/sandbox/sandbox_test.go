//go:build linux

package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
	"github.com/armature-cnb/armature/platform/internal/sandbox/sandboxtest"
)

// The programs that run inside are this test itself; PROGRAM says which.
func TestMain(m *testing.M) {
	if name := os.Getenv("PROGRAM"); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Exit(sandboxtest.Main(m))
}

// patience is the time limit for operations that take milliseconds, on a busy
// machine.
const patience = time.Minute

// What the ways need, each in a separate process.
func init() {
	mount := func() {
		err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		if err == nil {
			err = unix.Mount("proc", "/proc", "proc", 0, "")
		}
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
	}
	programs[string(sandbox.Mounts)], programs[string(sandbox.Users)] = mount, mount
	programs[string(sandbox.Chroot)] = func() {
		err := unix.Mknod(filepath.Join(os.Getenv("DIR"), "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
		if err == nil {
			err = unix.Chroot(os.Getenv("DIR"))
		}
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
	}
}

func TestTheProgramHasTheUsersIDsAndNoPrivilege(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "privileges")
		if want := "1001:1000 effective 0 permitted 0 inheritable 0 bounding 0 no_new_privs 1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// Files of an image never have the ids of the owner of armature's folders, not
// even briefly.
func TestAProgramOfAChrootIsToldWhereItIsAndIsNeverRoot(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Chroot)
	var out bytes.Buffer
	s := spec(t, sandbox.Chroot)
	s.Stdout = &out
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	go func() {
		if conn, err := box.Listener.Accept(); err == nil {
			conn.Close()
		}
	}()
	command := sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=ask for itself", "ADDRESS=" + box.Listener.Addr().String()}, AsksForItself: true}
	if _, err := box.Run(t.Context(), command, nil); err != nil {
		t.Fatal(err)
	}
	if want := "/bin/program <nil>  1001:1000 effective 0 permitted 0 inheritable 0 bounding 0 no_new_privs 1"; out.String() != want {
		t.Errorf("got %s, want %s", &out, want)
	}
}

func TestTheProgramHasNothingOfTheHostsEnvironment(t *testing.T) {
	t.Setenv("SECRET", "canary")
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "environment", "GIVEN=yes")
		if got != "GIVEN=yes\nPROGRAM=environment" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheProgramSeesOnlyWhatItWasGiven(t *testing.T) {
	leaked, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer leaked.Close()
	// Files that armature's caller left open are inherited without close-on-exec.
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, leaked.Fd(), syscall.F_SETFD, 0); errno != 0 {
		t.Fatal(errno)
	}
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.WriteFile(filepath.Join(s.Binds[0].Source, "app.js"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		got, _ := run(t, s, "look")
		for line := range strings.Lines(got) {
			switch line = strings.TrimSpace(line); {
			case line == "/bin", line == "/proc", line == "/dev", line == "/data", line == "/fixed":
			case line == "/data/app.js", line == "/dev/shm":
			case strings.HasPrefix(line, "/dev/") && strings.Contains(" null zero full random urandom tty fd stdin stdout stderr ", " "+filepath.Base(line)+" "):
			case line == "/proc/self/fd/0", line == "/proc/self/fd/1", line == "/proc/self/fd/2":
			case strings.HasPrefix(line, "/proc/self/fd/"): // those that the Go runtime opened for this check
				if n := filepath.Base(line); len(n) > 1 {
					t.Errorf("file %s is open inside", n)
				}
			default:
				t.Errorf("%s is visible inside", line)
			}
		}
	})
}

func TestOnlyWritableBindsCanBeWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		got, _ := run(t, s, "write")
		want := "/new refused\n/dev/new refused\n/data/new done\n/fixed/new refused\n/proc/sys/kernel/hostname refused\n"
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := os.Stat(filepath.Join(s.Binds[0].Source, "new")); err != nil {
			t.Error(err)
		}
	})
}

func TestTheProgramCannotMakeAUserNamespace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		if got, _ := run(t, spec(t, way), "namespace"); got != "refused" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheStatusIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		if _, got := run(t, spec(t, way), "exit 7"); got != (sandbox.Status{Code: 7}) {
			t.Errorf("got %v", got)
		}
		if _, got := run(t, spec(t, way), "abort"); got != (sandbox.Status{Signal: 9}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestAProgramThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		box, err := sandbox.Start(t.Context(), spec(t, way))
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/nowhere"}}, nil)
		var step *sandbox.Error
		if !errors.As(err, &step) || !errors.Is(err, syscall.ENOENT) || step.Step != "executing /nowhere" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAMountThroughALinkOfTheImageIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Remove(s.Root + "/data"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/etc", s.Root+"/data"); err != nil {
			t.Fatal(err)
		}
		_, err := sandbox.Start(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), "/data is a symbolic link") {
			t.Errorf("got %v", err)
		}
	})
}
