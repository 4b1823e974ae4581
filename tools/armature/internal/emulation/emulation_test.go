//go:build linux

package emulation

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/target"
)

func TestAnInterpreterHasToBeOnAndFixed(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"on and fixed":                   {"enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\noffset 0\n", true},
		"on and fixed, with credentials": {"enabled\ninterpreter /qemu\nflags: POCF\n", true},
		"off":                            {"disabled\ninterpreter /qemu\nflags: F\n", false},
		"looked for in the sandbox":      {"enabled\ninterpreter /qemu\nflags: \n", false},
		"empty":                          {"", false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "qemu-aarch64"), []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := registered(dir, target.LinuxARM64); got != tc.want {
			t.Errorf("%s: got %t, want %t", name, got, tc.want)
		}
		if registered(dir, target.LinuxAMD64) {
			t.Errorf("%s: got an interpreter for another target", name)
		}
	}
}

func TestOnlyAnotherMachinesProgramsNeedAnInterpreter(t *testing.T) {
	none := t.TempDir()
	if err := check(none, target.LinuxAMD64, "the test runs", target.LinuxAMD64, "leave it"); err != nil {
		t.Error(err)
	}
	err := check(none, target.LinuxAMD64, "the test runs", target.LinuxARM64, "leave it")
	if !errors.Is(err, &failure.Failure{ID: "no-emulation"}) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"linux/arm64", "apt-get install qemu-user-static", "scripts/emulation.sh linux/arm64", "leave it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %s", want, err)
		}
	}
	if err := os.WriteFile(filepath.Join(none, "qemu-aarch64"), []byte("enabled\nflags: F\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(none, target.LinuxAMD64, "the test runs", target.LinuxARM64, "leave it"); err != nil {
		t.Error(err)
	}
}
