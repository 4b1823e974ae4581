//go:build linux

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/armature/internal/sandbox"
)

func TestRemedyNamesTheSettingThatStandsInTheWay(t *testing.T) {
	for _, tc := range []struct {
		name  string
		facts sandbox.Facts
		want  string
	}{
		{"no namespaces allowed", sandbox.Facts{NoneLeft: true}, "sysctl user.max_user_namespaces=15000"},
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
