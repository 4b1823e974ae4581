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
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/target"
)

// interpreters is where the kernel lists the interpreters that it knows, a file
// for each (binfmt_misc).
const interpreters = "/proc/sys/fs/binfmt_misc"

// Works says whether the kernel starts an interpreter for a target's programs,
// also where the interpreter's file is not to be seen (the flag F).
func Works(to target.Target) bool { return registered(interpreters, to) }

// registered looks at what interpreters are for and not at what they are called:
// qemu's have several names, and there are others than qemu.
func registered(dir string, to target.Target) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err == nil && interprets(string(text), header(to)) {
			return true
		}
	}
	return false
}

// header is how a target's programs begin (elf(5)).
func header(to target.Target) []byte {
	start := make([]byte, 20)
	copy(start, elf.ELFMAG)
	start[elf.EI_CLASS], start[elf.EI_DATA], start[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	binary.LittleEndian.PutUint16(start[16:], uint16(elf.ET_EXEC))
	binary.LittleEndian.PutUint16(start[18:], uint16(to.ELF()))
	return start
}

// interprets says whether the kernel's description of an interpreter is of one
// that is on, fixed, and for files that begin so: that have its magic at its
// offset, in the bits of its mask.
func interprets(text string, start []byte) bool {
	enabled, fixed, offset := false, false, 0
	var magic, mask []byte
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch name {
		case "enabled":
			enabled = true
		case "flags:":
			fixed = strings.Contains(value, "F")
		case "offset":
			offset, err = strconv.Atoi(value)
		case "magic":
			magic, err = hex.DecodeString(value)
		case "mask":
			mask, err = hex.DecodeString(value)
		}
		if err != nil {
			return false
		}
	}
	if !enabled || !fixed || len(magic) == 0 || offset < 0 || offset+len(magic) > len(start) || mask != nil && len(mask) != len(magic) {
		return false
	}
	for i, want := range magic {
		got := start[offset+i]
		if mask != nil {
			got, want = got&mask[i], want&mask[i]
		}
		if got != want {
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
func Environment(to target.Target) map[string]string {
	if to == target.LinuxARM64 {
		return map[string]string{"QEMU_CPU": "cortex-a72"}
	}
	return nil
}

// Install is what to do where it does not work, in the imperative.
func Install(to target.Target) string {
	return "as root: apt-get install qemu-user-static binfmt-support (or scripts/emulation.sh " + to.String() + " of a checkout)"
}

// Check is a failure where what needs a target's programs cannot have them:
// this machine is another, and emulation does not work. The other thing to do
// is in the imperative, too.
func Check(what string, to target.Target, otherwise string) error {
	host, err := target.Host()
	if err != nil {
		return err
	}
	return check(interpreters, host, what, to, otherwise)
}

func check(dir string, host target.Target, what string, to target.Target, otherwise string) error {
	if host == to || registered(dir, to) {
		return nil
	}
	return &failure.Failure{
		ID: "no-emulation", Cause: fmt.Sprintf("%s %s programs, and this machine is %s and has no interpreter for them", what, to, host),
		Remedy: Install(to) + "; or " + otherwise + ".",
	}
}
