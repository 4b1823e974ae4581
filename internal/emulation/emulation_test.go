//go:build linux

package emulation

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// What the kernel says of an interpreter for arm64, after the flags.
const (
	magic = "offset 0\nmagic 7f454c460201010000000000000000000200b700\n"
	mask  = "mask ffffffffffffff00fffffffffffffffffeffffff\n"
)

func TestAnInterpreterHasToBeOnFixedAndForTheTarget(t *testing.T) {
	for _, tc := range []struct {
		name, file, text string
		want             bool
	}{
		{"on and fixed", "qemu-aarch64", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\n" + magic + mask, true},
		{"with credentials", "qemu-aarch64", "enabled\ninterpreter /qemu\nflags: POCF\n" + magic + mask, true},
		{"of another name", "qemu-aarch64-static", "enabled\ninterpreter /qemu\nflags: F\n" + magic + mask, true},
		{"of another maker", "rosetta", "enabled\ninterpreter /mnt/rosetta\nflags: CF\n" + magic + mask, true},
		{"without a mask", "arm", "enabled\ninterpreter /x\nflags: F\n" + magic, true},
		{"off", "qemu-aarch64", "disabled\ninterpreter /qemu\nflags: F\n" + magic + mask, false},
		{"looked for in the sandbox", "qemu-aarch64", "enabled\ninterpreter /qemu\nflags: \n" + magic + mask, false},
		{"for 32 bits", "qemu-aarch64", "enabled\nflags: F\noffset 0\nmagic 7f454c460101010000000000000000000200b700\n" + mask, false},
		{"for another machine", "qemu-aarch64", "enabled\nflags: F\noffset 0\nmagic 7f454c460201010000000000000000000200f300\n" + mask, false},
		{"for an extension", "qemu-aarch64", "enabled\ninterpreter /jar\nflags: F\nextension .jar\n", false},
		{"for what comes later in a file", "qemu-aarch64", "enabled\nflags: F\noffset 200\nmagic 7f\n", false},
		{"of an unlike mask", "qemu-aarch64", "enabled\nflags: F\n" + magic + "mask ff\n", false},
		{"empty", "qemu-aarch64", "", false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := registered(dir, targets.LinuxARM64); got != tc.want {
			t.Errorf("%s: got %t, want %t", tc.name, got, tc.want)
		}
		if registered(dir, targets.LinuxAMD64) {
			t.Errorf("%s: got an interpreter for another target", tc.name)
		}
	}
}

// As Debian, Docker's tonistiigi/binfmt and Lima with Rosetta register them.
const (
	arm64Magic = "7f454c460201010000000000000000000200b700"
	amd64Magic = "7f454c4602010100000000000000000002003e00"
	anyKind    = "ffffffffffffff00fffffffffffffffffeffffff"
)

func TestAnInterpreterIsKnownByWhatItIsFor(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []targets.Target
	}{
		{"qemu-aarch64-static", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\noffset 0\nmagic " + arm64Magic + "\nmask " + anyKind + "\n", []targets.Target{targets.LinuxARM64}},
		{"rosetta", "enabled\ninterpreter /mnt/rosetta\nflags: OCF\noffset 0\nmagic " + amd64Magic + "\nmask " + anyKind + "\n", []targets.Target{targets.LinuxAMD64}},
		{"mine", "enabled\ninterpreter /x\nflags: F\noffset 18\nmagic b700\n", []targets.Target{targets.LinuxARM64}},
		{"qemu-x86_64", "enabled\ninterpreter /x\nflags: F\noffset 0\nmagic " + arm64Magic + "\nmask " + anyKind + "\n", []targets.Target{targets.LinuxARM64}},
		{"rosetta", "enabled\ninterpreter /x\nflags: \noffset 0\nmagic " + amd64Magic + "\nmask " + anyKind + "\n", nil},
		{"qemu-arm", "enabled\ninterpreter /x\nflags: F\noffset 0\nmagic 7f454c460101010000000000000000000200280000\n", nil},
		{"python3", "enabled\ninterpreter /usr/bin/python3\nflags: F\noffset 0\nmagic cb0d0d0a\n", nil},
		{"jar", "enabled\ninterpreter /usr/bin/jexec\nflags: F\nextension .jar\n", nil},
		{"broken", "enabled\nflags: F\noffset 99\nmagic b700\n", nil},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"status": "enabled\n", tc.name: tc.text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, to := range targets.All() {
			if got, want := registered(dir, to), slices.Contains(tc.want, to); got != want {
				t.Errorf("%s for %s: got %t, want %t", tc.name, to, got, want)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "status"), []byte("disabled\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if registered(dir, targets.LinuxARM64) || registered(dir, targets.LinuxAMD64) {
			t.Errorf("%s: the kernel looks at none of them", tc.name)
		}
	}
}

func TestOnlyAnotherMachinesProgramsNeedAnInterpreter(t *testing.T) {
	none := t.TempDir()
	if err := check(none, targets.LinuxAMD64, "the test runs", targets.LinuxAMD64, "leave it"); err != nil {
		t.Error(err)
	}
	err := check(none, targets.LinuxAMD64, "the test runs", targets.LinuxARM64, "leave it")
	if !errors.Is(err, &failure.Failure{ID: "no-emulation"}) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"linux/arm64", "apt-get install qemu-user-static", "scripts/emulation.sh linux/arm64", "leave it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %s", want, err)
		}
	}
	if err := os.WriteFile(filepath.Join(none, "qemu-aarch64"), []byte("enabled\nflags: F\n"+magic+mask), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(none, targets.LinuxAMD64, "the test runs", targets.LinuxARM64, "leave it"); err != nil {
		t.Error(err)
	}
}
