//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestRemedyNamesTheSettingThatStandsInTheWay(t *testing.T) {
	for _, tc := range []struct {
		name  string
		facts sandbox.Facts
		want  string
	}{
		{"a dynamic linker", sandbox.Facts{Dynamic: true, Container: true, Root: true}, "CGO_ENABLED=0"},
		{"no namespaces allowed", sandbox.Facts{NoneAllowed: []string{"user.max_user_namespaces"}, LimitReached: true}, "sysctl user.max_user_namespaces=15000 (it is 0)."},
		{"of two kinds", sandbox.Facts{NoneAllowed: []string{"user.max_mnt_namespaces", "user.max_pid_namespaces"}}, "sysctl user.max_mnt_namespaces=15000 user.max_pid_namespaces=15000 (they are 0)."},
		{"too many namespaces", sandbox.Facts{LimitReached: true}, "let other sandboxes and containers of this user end"},
		{"Debian's switch", sandbox.Facts{Disabled: true}, "sysctl kernel.unprivileged_userns_clone=1"},
		{"Ubuntu's AppArmor", sandbox.Facts{AppArmor: true}, "kernel.apparmor_restrict_unprivileged_userns=0"},
		{"an ordinary user in a container", sandbox.Facts{Container: true}, "as root inside the container, or start the container with --security-opt seccomp=unconfined."},
		{"the same, /proc masked", sandbox.Facts{Container: true, MaskedProc: true}, "--security-opt systempaths=unconfined"},
		{"root in a container without capabilities", sandbox.Facts{Container: true, Root: true}, "SYS_CHROOT"},
		{"AppArmor of a container's host", sandbox.Facts{Container: true, AppArmor: true}, "seccomp=unconfined"},
		{"none of these", sandbox.Facts{}, "CONFIG_USER_NS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := sandbox.Remedy(tc.facts); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q in it", got, tc.want)
			}
		})
	}
}

func init() {
	programs["limited"] = func() {
		sandbox.Reexec()
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte(os.Getenv("LIMIT")), 0o644); err != nil {
			fmt.Print("skip: ", err)
			return
		}
		way, err := sandbox.Find(context.Background(), os.Getenv("DIR"), sandbox.Users)
		fmt.Printf("%s %v ENOSPC %t", way, err, errors.Is(err, syscall.ENOSPC))
	}
}

// At its limits the kernel answers ENOSPC although no disk is full. The limit is
// that of the test's own user namespace.
func TestTheLimitOfNamespacesIsNoFullDisk(t *testing.T) {
	tier.Sandbox(t)
	for _, tc := range []struct{ limit, want, remedy string }{
		{"0", "starting a process for a user-namespace: the limit of namespaces is reached", "sysctl user.max_user_namespaces=15000 (it is 0)."},
		{"1", "starting the program: the limit of namespaces is reached", "let other sandboxes"},
		{"2", "user-namespace <nil>", ""}, // one for the mounts, one for the program's user
	} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{"PROGRAM=limited", "LIMIT=" + tc.limit, "DIR=" + t.TempDir()}
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		if err != nil || strings.HasPrefix(string(out), "skip") {
			t.Skipf("this machine refuses a user namespace: %v: %s", err, out)
		}
		if got := string(out); !strings.Contains(got, tc.want) || !strings.Contains(got, tc.remedy) || !strings.HasSuffix(got, "ENOSPC false") {
			t.Errorf("limit %s: got %s, want %q and %q", tc.limit, got, tc.want, tc.remedy)
		}
	}
}

func init() {
	programs["unprepared"] = func() {
		_, err := sandbox.Find(context.Background(), os.Getenv("DIR"), sandbox.Ways()...)
		fmt.Print(err)
	}
}

// It would start itself endlessly.
func TestAProgramWithoutReexecMakesNoSandbox(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=unprepared", "DIR=" + t.TempDir()}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "does not begin with sandbox.Reexec") {
		t.Errorf("got %s, %v", out, err)
	}
}
