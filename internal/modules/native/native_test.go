package native_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// files are file contents by path.
type files map[string]string

// layer makes a layer of modules with packages, each with its files.
func layer(t *testing.T, packages map[string]files) string {
	t.Helper()
	dir := t.TempDir()
	for name, contents := range packages {
		write(t, filepath.Join(dir, "node_modules", name), contents)
	}
	return dir
}

func write(t *testing.T, dir string, contents files) {
	t.Helper()
	for path, text := range contents {
		place := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// judged returns the check's failure for the files in a layer, for a target and a
// host.
func judged(t *testing.T, dir string, want, host targets.Target) error {
	t.Helper()
	found, err := native.Find(dir, want)
	if err != nil {
		t.Fatal(err)
	}
	return native.Check(found, want, host, "lock again")
}

func TestProgramsThatComeWithAPackageAreNamed(t *testing.T) {
	want, other := targets.LinuxARM64, targets.LinuxAMD64
	dir := layer(t, map[string]files{
		"a": {"package.json": "{}", "fallbacks/p": program(library(other.ELF()))},
		"b": {"package.json": "{}", "x64/p": program(library(other.ELF())), "arm64/p": program(library(want.ELF()))},
		"c": {"package.json": "{}", "p": program(library(want.ELF()))},
	})
	found, err := native.Find(dir, want)
	if got := native.Shipped(found); err != nil || !slices.Equal(got, []string{"a: fallbacks/p is for " + other.String()}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNativeFilesAreJudgedByTheirPackage(t *testing.T) {
	host, other := targets.LinuxARM64, targets.LinuxAMD64
	ours, theirs := library(host.ELF()), library(other.ELF())
	prebuilt := func(one targets.Target) string { return "prebuilds/linux-" + one.Node() + "/x.node" }
	rows := []struct {
		name     string
		contents files
		wrong    string // in the failure, or empty
	}{
		{"a library for the target", files{"build/Release/x.node": ours}, ""},
		{"a library for another architecture", files{"build/Release/x.node": theirs}, "build/Release/x.node is for " + other.String()},
		{"a program for another architecture", files{"bin/p": theirs}, "bin/p is for " + other.String()},
		{"a program that comes with the package", files{"package.json": `{"scripts":{"test":"x"}}`, "fallbacks/linux/p": program(theirs)}, ""},
		{"a library that comes with the package", files{"package.json": `{}`, "x.node": theirs}, "x.node is for " + other.String()},
		{"a program that a script makes", files{"package.json": `{"scripts":{"postinstall":"x"}}`, "bin/p": program(theirs)}, "bin/p is for " + other.String()},
		{"a program that is compiled", files{"package.json": `{}`, "binding.gyp": "", "bin/p": program(theirs)}, "bin/p is for " + other.String()},
		{"a program of a package for one platform", files{"package.json": `{"cpu":["x"]}`, "bin/p": program(theirs)}, "bin/p is for " + other.String()},
		{"prebuilt for many, the target among them", files{prebuilt(host): ours, prebuilt(other): theirs, "prebuilds/darwin-arm64/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, ""},
		{"prebuilt for others only", files{prebuilt(other): theirs}, "" + prebuilt(other) + " is for"},
		{"prebuilt for others, and compiled", files{prebuilt(other): theirs, "build/Release/x.node": ours}, ""},
		{"names of files tell the architecture", files{"lib/x-linux-" + host.Node() + ".node": ours, "lib/x-linux-" + other.Node() + ".node": theirs}, ""},
		{"a wrong one beside the right prebuilt one", files{prebuilt(host): ours, "build/Release/x.node": theirs}, "build/Release/x.node"},
		{"from a Mac, vendored", files{"build/Release/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, "build/Release/x.node is for macOS or Windows"},
		{"for an architecture that nobody targets", files{"x.node": library(elf.EM_RISCV)}, "x.node is for riscv"},
		{"an object file, which nothing loads", files{"build/x.o": object(theirs)}, ""},
		{"text that is called so", files{"x.node": "hello"}, ""},
		{"an empty file", files{"x.node": ""}, ""},
	}
	for _, row := range rows {
		err := judged(t, layer(t, map[string]files{"@s/p": row.contents}), host, host)
		switch {
		case row.wrong == "" && err == nil:
		case row.wrong == "" || !errors.Is(err, &failure.Failure{ID: "native-module-wrong-architecture"}) || !strings.Contains(err.Error(), "\n  @s/p: "+row.wrong):
			t.Errorf("%s: got %v, want that it names %q", row.name, err, row.wrong)
		}
	}
}

// The remedy differs if the host is not the target.
func TestTheRemedyFitsTheHost(t *testing.T) {
	dir := layer(t, map[string]files{"p": {"x.node": library(elf.EM_X86_64)}})
	for host, want := range map[targets.Target]string{targets.LinuxARM64: "commit a lockfile that lists every platform: lock again. BP_", targets.LinuxAMD64: native.Uncrossable} {
		if err := judged(t, dir, targets.LinuxARM64, host); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("on %s: got %v, want %q", host, err, want)
		}
	}
}

// library begins a shared object for a machine.
func library(machine elf.Machine) string {
	header := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, header); err != nil {
		panic(err)
	}
	return out.String()
}

// program turns a library into a program at a fixed address.
func program(library string) string {
	return library[:16] + string(rune(elf.ET_EXEC)) + library[17:]
}

// object turns a library into an object file: e_type is at byte 16.
func object(library string) string {
	return library[:16] + string(rune(elf.ET_REL)) + library[17:]
}
