package targets_test

import (
	"debug/elf"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     targets.Target
		bad      bool
	}{
		{name: "os and architecture", in: "linux/arm64", want: targets.LinuxARM64},
		{name: "the other one", in: "linux/amd64", want: targets.LinuxAMD64},
		{name: "architecture alone is linux", in: "arm64", want: targets.LinuxARM64},
		{name: "nothing", in: "", bad: true},
		{name: "an architecture that has no Node.js archives", in: "linux/riscv64", bad: true},
		{name: "another operating system", in: "windows/amd64", bad: true},
		{name: "Node's spelling is not OCI's", in: "linux/x64", bad: true},
		{name: "the kernel's spelling is not OCI's", in: "linux/aarch64", bad: true},
		{name: "a variant is not supported", in: "linux/arm64/v8", bad: true},
		{name: "upper case", in: "LINUX/ARM64", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := targets.Parse(tc.in)
			var unsupported *targets.UnsupportedError
			if tc.bad != errors.As(err, &unsupported) {
				t.Fatalf("Parse(%q): got %v, %v", tc.in, got, err)
			}
			if got != tc.want {
				t.Errorf("Parse(%q): got %v, want %v", tc.in, got, tc.want)
			}
		})
	}
}

func TestUnsupportedErrorSaysWhatWorks(t *testing.T) {
	_, err := targets.Parse("linux/riscv64")
	want := `unsupported target "linux/riscv64": want linux/arm64 or linux/amd64`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFromEnv(t *testing.T) {
	for _, tc := range []struct {
		name, os, arch, want string
		bad                  bool
	}{
		{name: "as the lifecycle says", os: "linux", arch: "arm64", want: "linux/arm64"},
		{name: "an older platform says nothing", want: runtime.GOOS + "/" + runtime.GOARCH},
		{name: "only the architecture", arch: "amd64", want: runtime.GOOS + "/amd64"},
		{name: "a target nobody has", os: "linux", arch: "riscv64", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{"CNB_TARGET_OS": tc.os, "CNB_TARGET_ARCH": tc.arch}
			got, err := targets.FromEnv(func(k string) string { return env[k] })
			if (err != nil) != tc.bad {
				t.Fatalf("got %v, %v", got, err)
			}
			if !tc.bad && got.String() != tc.want {
				t.Errorf("got %v, want %s", got, tc.want)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	want := map[targets.Target][3]string{
		targets.LinuxARM64: {"arm64", "aarch64", "aarch64-linux-gnu"},
		targets.LinuxAMD64: {"x64", "x86_64", "x86_64-linux-gnu"},
	}
	for _, tg := range targets.All() {
		got := [3]string{tg.Node(), tg.Machine(), tg.Triplet()}
		if got != want[tg] {
			t.Errorf("%s: got %v, want %v", tg, got, want[tg])
		}
	}
}

// The test program is itself a binary of the host, so its own ELF header is
// the evidence for the table.
func TestHostELFMachineIsThatOfThisProgram(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != host.ELF() {
		t.Errorf("got %v, want %v", f.Machine, host.ELF())
	}
}
