//go:build linux

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// The program's own namespace is one. While it starts, those of the program before
// may still be counted.
func TestAProgramsOwnNamespaceIsAllowed(t *testing.T) {
	tier.Sandbox(t)
	most, err := os.Create(filepath.Join(t.TempDir(), "most"))
	if err != nil {
		t.Fatal(err)
	}
	defer most.Close()
	for oneID, want := range map[bool]string{false: "", true: "1\n0\n"} { // 1 over 100
		if err := most.Truncate(0); err != nil {
			t.Fatal(err)
		}
		f := &first{setup: setup{Way: Users, User: 12, Group: 34, OneID: oneID}, namespaces: most}
		pid, err := f.startProgram(Command{})
		if errors.Is(err, unix.EPERM) {
			t.Skipf("this machine refuses a namespace: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Wait4(pid, nil, 0, nil); err != nil {
			t.Error(err)
		}
		if got := read(most.Name()); got != want {
			t.Errorf("one id %v: got %q, want %q", oneID, got, want)
		}
	}
}

// What holds a namespace does nothing else, and ends with its input.
func TestAHolderOfIDsOnlyWaits(t *testing.T) {
	cmd := exec.Command(self)
	cmd.Args = []string{idsName, "-test.run=^$"}
	cmd.Stdin = strings.NewReader("its input")
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestAStatusIsToldAsItIs(t *testing.T) {
	for status, want := range map[Status]string{{}: "status 0", {Code: 3}: "status 3", {Signal: 1}: "signal 1", {Signal: 9}: "signal 9"} {
		if got := status.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
