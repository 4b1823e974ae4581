package targets_test

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// program writes the ELF header of a program for a machine, and nothing else.
func program(t *testing.T, machine elf.Machine) string {
	t.Helper()
	header := make([]byte, 64)
	copy(header, elf.ELFMAG)
	header[elf.EI_CLASS], header[elf.EI_DATA], header[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var order binary.ByteOrder = binary.LittleEndian
	if machine == elf.EM_S390 {
		header[elf.EI_DATA], order = byte(elf.ELFDATA2MSB), binary.BigEndian
	}
	order.PutUint16(header[16:], uint16(elf.ET_EXEC))
	order.PutUint16(header[18:], uint16(machine))
	order.PutUint32(header[20:], uint32(elf.EV_CURRENT))
	path := filepath.Join(t.TempDir(), "launcher")
	if err := os.WriteFile(path, header, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestATargetThatTheLauncherIsNotForIsRefused(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	other := targets.LinuxARM64
	if other == host {
		other = targets.LinuxAMD64
	}
	for _, tc := range []struct {
		name     string
		arch     string // CNB_TARGET_ARCH
		launcher elf.Machine
		want     targets.Target // the one that is got
		asked    targets.Target // the one in the error, where there is one
	}{
		{name: "a builder for arm64", arch: "arm64", launcher: elf.EM_AARCH64, want: targets.LinuxARM64},
		{name: "a builder for amd64", arch: "amd64", launcher: elf.EM_X86_64, want: targets.LinuxAMD64},
		{name: "a builder for arm64 whose platform names amd64", arch: "amd64", launcher: elf.EM_AARCH64, asked: targets.LinuxAMD64},
		{name: "a builder for amd64 whose platform names arm64", arch: "arm64", launcher: elf.EM_X86_64, asked: targets.LinuxARM64},
		{name: "a platform that names nothing, and the other launcher", launcher: other.ELF(), asked: host},
		{name: "a platform that names nothing, and the host's launcher", launcher: host.ELF(), want: host},
		{name: "a launcher of the other byte order", arch: "arm64", launcher: elf.EM_S390, asked: targets.LinuxARM64},
		{name: "a launcher that no target is for", arch: "arm64", launcher: elf.EM_RISCV, asked: targets.LinuxARM64},
	} {
		t.Run(tc.name, func(t *testing.T) {
			targets.UseLauncher(t, program(t, tc.launcher))
			got, err := targets.FromEnv(func(name string) string {
				return map[string]string{"CNB_TARGET_ARCH": tc.arch}[name]
			})
			if tc.asked == (targets.Target{}) {
				if err != nil || got != tc.want {
					t.Errorf("got %v, %v, want %v", got, err, tc.want)
				}
				return
			}
			if !errors.Is(err, &failure.Failure{ID: "platform-too-old"}) {
				t.Fatalf("got %v, %v, want platform-too-old", got, err)
			}
			for _, part := range []string{"asks for " + tc.asked.String(), tc.launcher.String(), "0.12"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q in it", err, part)
				}
			}
		})
	}
}

func TestWithoutALauncherNothingIsCompared(t *testing.T) {
	targets.UseLauncher(t, filepath.Join(t.TempDir(), "launcher"))
	got, err := targets.FromEnv(func(name string) string { return map[string]string{"CNB_TARGET_ARCH": "arm64"}[name] })
	if err != nil || got != targets.LinuxARM64 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestALauncherThatIsNoProgramIsAnError(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"a script", "#!/bin/sh\nexec /bin/launcher \"$@\"\n"},
		{"the beginning of a program", elf.ELFMAG},
		{"nothing", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "launcher")
			if err := os.WriteFile(path, []byte(tc.text), 0o755); err != nil {
				t.Fatal(err)
			}
			targets.UseLauncher(t, path)
			if _, err := targets.FromEnv(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want that %s cannot be read", err, path)
			}
		})
	}
}
