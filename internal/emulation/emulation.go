//go:build linux

// Package emulation knows whether this machine can execute programs of another
// architecture than its own.
package emulation

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// interpreters is where the kernel lists the interpreters that it knows, a file
// for each (binfmt_misc).
const interpreters = "/proc/sys/fs/binfmt_misc"

// Works says whether the kernel starts an interpreter for a target's programs,
// also where the interpreter's file is not to be seen (the flag F).
func Works(to targets.Target) bool { return registered(interpreters, to) }

// registered goes by what an interpreter is for, whatever it is called: Debian
// calls them qemu-aarch64, others qemu-aarch64-static, Apple rosetta.
func registered(dir string, to targets.Target) bool {
	if status, err := os.ReadFile(filepath.Join(dir, "status")); err == nil && strings.TrimSpace(string(status)) == "disabled" {
		return false // all of them
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if name := entry.Name(); name == "register" || name == "status" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err == nil && interprets(string(text), to) {
			return true
		}
	}
	return false
}

// interprets reads what the kernel says of one interpreter (its documentation,
// "Kernel Support for miscellaneous Binary Formats"): it is on, its file was
// opened when it was registered, so that a sandbox need not have it, and it is
// for programs that begin as a target's do.
func interprets(text string, to targets.Target) bool {
	enabled, fixed := false, false
	value := map[string]string{}
	for line := range strings.Lines(text) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		enabled = enabled || key == "enabled"
		if key == "flags:" {
			fixed = strings.Contains(rest, "F")
		}
		value[key] = rest
	}
	if !enabled || !fixed {
		return false
	}
	magic, err := hex.DecodeString(value["magic"])
	offset, offsetErr := strconv.Atoi(value["offset"])
	mask, maskErr := hex.DecodeString(value["mask"])
	if err != nil || offsetErr != nil || maskErr != nil || len(magic) == 0 || len(mask) > 0 && len(mask) != len(magic) {
		return false
	}
	return slices.ContainsFunc(headers(to), func(header []byte) bool { return begins(header, offset, magic, mask) })
}

// headers are how a target's programs begin: those that lie at an address of
// their own, and those that lie anywhere (elf(5)).
func headers(to targets.Target) [][]byte {
	var all [][]byte
	for _, kind := range []elf.Type{elf.ET_EXEC, elf.ET_DYN} {
		header := make([]byte, 64)
		copy(header, elf.ELFMAG)
		header[elf.EI_CLASS], header[elf.EI_DATA], header[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
		binary.LittleEndian.PutUint16(header[16:], uint16(kind))
		binary.LittleEndian.PutUint16(header[18:], uint16(to.ELF()))
		header[20] = byte(elf.EV_CURRENT)
		all = append(all, header)
	}
	return all
}

// begins says whether a header has the magic at an offset, in the bits of the
// mask; without a mask in all.
func begins(header []byte, offset int, magic, mask []byte) bool {
	if offset < 0 || offset+len(magic) > len(header) {
		return false
	}
	for i, want := range magic {
		bits := byte(0xff)
		if len(mask) > 0 {
			bits = mask[i]
		}
		if header[offset+i]&bits != want&bits {
			return false
		}
	}
	return true
}

// Environment is what makes an emulated target's programs faster, as variables
// for them. Debian's for arm64 sign the addresses that they return to, and qemu
// computes each signature as Arm has defined it, unless the processor that it
// shows has none: then the same instructions do nothing (compiling C takes two
// thirds of the time). Other interpreters than qemu do not read it.
func Environment(to targets.Target) map[string]string {
	if to == targets.LinuxARM64 {
		return map[string]string{"QEMU_CPU": "cortex-a72"}
	}
	return nil
}

// Install is what to do where it does not work, in the imperative.
func Install(to targets.Target) string {
	return "as root: apt-get install qemu-user-static binfmt-support (or scripts/emulation.sh " + to.String() + " of a checkout)"
}

// Check is a failure where what needs a target's programs cannot have them:
// this machine is another, and emulation does not work. The other thing to do
// is in the imperative, too.
func Check(what string, to targets.Target, otherwise string) error {
	host, err := targets.Host()
	if err != nil {
		return err
	}
	return check(interpreters, host, what, to, otherwise)
}

func check(dir string, host targets.Target, what string, to targets.Target, otherwise string) error {
	if host == to || registered(dir, to) {
		return nil
	}
	return &failure.Failure{
		ID: "no-emulation", Cause: fmt.Sprintf("%s %s programs, and this machine is %s and has no interpreter for them", what, to, host),
		Remedy: Install(to) + "; or " + otherwise + ".",
	}
}
