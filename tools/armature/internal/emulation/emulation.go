//go:build linux

// Package emulation knows whether this machine can execute programs of another
// architecture than its own.
package emulation

import (
	"fmt"
	"os"
	"path/filepath"
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

func registered(dir string, to target.Target) bool {
	text, err := os.ReadFile(filepath.Join(dir, "qemu-"+to.Machine()))
	if err != nil {
		return false
	}
	enabled, fixed := false, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		enabled = enabled || line == "enabled"
		if flags, ok := strings.CutPrefix(line, "flags:"); ok {
			fixed = strings.Contains(flags, "F")
		}
	}
	return enabled && fixed
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
