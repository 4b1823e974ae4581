//go:build linux

package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["state"] = func() {
		dir, _ := os.Getwd()
		umask := unix.Umask(0)
		session, _ := unix.Getsid(0)
		host, _ := os.Hostname()
		fmt.Printf("in %s, umask %o, leads its session %v, on %s", dir, umask, session == os.Getpid(), host)
	}
	programs["mounts"] = func() {
		text, _ := os.ReadFile("/proc/self/mountinfo")
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			options := slices.DeleteFunc(strings.Split(fields[5], ","), func(o string) bool { return strings.Contains(o, "time") })
			fmt.Println(fields[4], strings.Join(options, ","))
		}
	}
	programs["separate"] = func() {
		for _, kind := range namespaces {
			link, _ := os.Readlink("/proc/self/ns/" + kind)
			fmt.Println(link)
		}
	}
	programs["below"] = func() {
		_, err := os.Stat("/fixed/sub/file")
		fmt.Println(outcome(err), outcome(os.WriteFile("/fixed/sub/new", nil, 0o644)), outcome(os.WriteFile("/data/sub/new", nil, 0o644)))
	}
}

// namespaces are all kinds (namespaces(7)).
var namespaces = []string{"mnt", "pid", "ipc", "uts", "net", "user"}

func TestAProgramBeginsWithAStateOfItsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		var out bytes.Buffer
		s.Stdout = &out
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		host := "inside"
		if way == sandbox.Chroot {
			host, _ = os.Hostname()
		}
		for dir, want := range map[string]string{"": "/", "/data": "/data", "bin/..": "/"} {
			out.Reset()
			command := sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=state"}, Dir: dir, Followed: true}
			if _, err := box.Run(t.Context(), command, nil); err != nil {
				t.Fatal(err)
			}
			if err := waitFor(func() bool { return out.Len() > 0 }); err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("in %s, umask 22, leads its session true, on %s", want, host); out.String() != want {
				t.Errorf("got %q, want %q", &out, want)
			}
		}
		_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Dir: "/nowhere"}, nil)
		var step *sandbox.Error
		if !errors.As(err, &step) || step.Kind != sandbox.Entering || !errors.Is(err, syscall.ENOENT) || step.Step != "entering the folder /nowhere" {
			t.Errorf("got %v", err)
		}
	})
}

// waitFor waits for conditions that take milliseconds.
func waitFor(condition func() bool) error {
	for until := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return errors.New("it does not come")
		}
	}
	return nil
}

func TestEveryMountIsAsCloselyRestrictedAsItCanBe(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		s.Tmpfs = []string{"/memory"}
		if err := os.Mkdir(s.Root+"/memory", 0o755); err != nil {
			t.Fatal(err)
		}
		text, _ := run(t, s, "mounts")
		got := map[string]string{}
		for line := range strings.Lines(text) {
			place, options, _ := strings.Cut(strings.TrimSpace(line), " ")
			if _, twice := got[place]; twice {
				t.Errorf("%s is mounted twice", place)
			}
			got[place] = options
		}
		want := map[string]string{
			"/": "ro,nosuid,nodev", "/data": "rw,nosuid,nodev", "/fixed": "ro,nosuid,nodev", "/memory": "rw,nosuid,nodev,noexec",
			"/proc": "rw,nosuid,nodev,noexec", "/proc/sys": "ro,nosuid,nodev,noexec", "/proc/bus": "ro,nosuid,nodev,noexec", "/proc/fs": "ro,nosuid,nodev,noexec",
			"/proc/irq": "ro,nosuid,nodev,noexec", "/proc/1/fd": "ro,nosuid,nodev,noexec",
			"/dev": "ro,nosuid,noexec", "/dev/shm": "rw,nosuid,nodev,noexec",
		}
		for place, options := range want {
			if strings.HasPrefix(place, "/proc/") {
				if _, err := os.Lstat(place); err != nil {
					continue // unknown to this kernel
				}
			}
			if got[place] != options {
				t.Errorf("%s is mounted with %q, want %q", place, got[place], options)
			}
		}
		for place, options := range got {
			switch known := want[place] != ""; {
			case known, strings.HasPrefix(place, "/dev/") && strings.Contains(options, "nosuid") && strings.Contains(options, "noexec"):
			case strings.HasPrefix(place, "/proc/"): // the hidden part
				if info, err := os.Stat(place); err == nil && info.IsDir() && options != "ro,nosuid,nodev,noexec" {
					t.Errorf("%s is mounted with %s", place, options)
				}
			default:
				t.Errorf("%s is mounted with %s", place, options)
			}
		}
	})
}

func TestASandboxHasNamespacesOfItsOwn(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		for _, network := range []sandbox.Network{sandbox.Host, sandbox.None} {
			s := spec(t, way)
			s.Network = network
			text, _ := run(t, s, "separate")
			for i, link := range strings.Fields(text) {
				kind := namespaces[i]
				own, err := os.Readlink("/proc/self/ns/" + kind)
				if err != nil {
					t.Fatal(err)
				}
				want := true
				switch kind {
				case "net":
					want = network == sandbox.None
				case "user":
					want = way == sandbox.Users
				}
				if got := link != own; got != want {
					t.Errorf("network %s, namespace %s: of its own %v, want %v", network, kind, got, want)
				}
			}
		}
	})
}

// Mounts below a mount are as restricted as it is.
func TestARecursiveBindHasWhatIsMountedBelow(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		for i := range s.Binds {
			s.Binds[i].Recursive = true
			sub := filepath.Join(s.Binds[i].Source, "sub")
			if err := os.Mkdir(sub, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mount("tmpfs", sub, "tmpfs", 0, "mode=777,size=64k"); err != nil {
				t.Skipf("this test mounts a file system, which takes root: %v", err)
			}
			t.Cleanup(func() { unix.Unmount(sub, unix.MNT_DETACH) })
			if err := os.WriteFile(sub+"/file", nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := run(t, s, "below"); got != "done refused done\n" {
			t.Errorf("got %q", got)
		}
		text, _ := run(t, s, "mounts")
		for _, want := range []string{"/fixed ro,nosuid,nodev\n", "/fixed/sub ro,nosuid,nodev\n", "/data rw,nosuid,nodev\n", "/data/sub rw,nosuid,nodev\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %q in\n%s", want, text)
			}
		}
	})
}
