//go:build linux

package sandbox_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// asOrdinaryUser runs tests of this package as an ordinary user, who has another
// user namespace than root, and returns the output. It skips the test where such
// users have none.
func asOrdinaryUser(t *testing.T, args ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "sandbox-test-") // t.TempDir is in a folder for root only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.MkdirAll(dir+"/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	install(t, dir)
	for _, path := range []string{dir, dir + "/bin"} {
		if err := errors.Join(os.Chmod(path, 0o755), os.Chown(path, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), dir+"/bin/program", append(args, "-test.v", "-test.timeout=5m")...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestProgramsFollowOneAnotherUntilOneFails/user-namespace") {
		t.Skip("this machine has no user namespaces for ordinary users")
	}
}

// Root and an ordinary user have different user namespaces.
func TestAnOrdinaryUserHasTheSame(t *testing.T) {
	tier.Beyond(t, "all tests of the package once more")
	asOrdinaryUser(t)
}

// The quickest of the tests of what differs.
func TestAnOrdinaryUserHasProgramsAndLimits(t *testing.T) {
	tier.Sandbox(t)
	t.Parallel()
	asOrdinaryUser(t, "-test.run=^("+strings.Join([]string{
		"TestProgramsFollowOneAnotherUntilOneFails", "TestTheProgramHasTheUsersIDsAndNoPrivilege", "TestEveryProgramHasTheLimits",
		"TestTheUserCanOpenItsOutputAgain", "TestWhatIsWrittenOverASharedRootLeavesItAsItIs",
	}, "|")+")$")
}
