// Package targets defines the platforms of app images, and spells them as each
// tool expects.
//
// Everywhere in this module an architecture is written as Go and OCI write it
// (arm64, amd64). Foreign spellings (Node's x64, Debian's and the kernel's
// aarch64, x86_64) exist only as methods of [Target].
package targets

import (
	"debug/elf"
	"fmt"
	"runtime"
	"strings"
)

// Target is an operating system and architecture in OCI's terms. The zero value
// is not a target; get one from [Parse], [FromEnv], [Host] or [All].
type Target struct {
	OS   string // always "linux"
	Arch string // "arm64" or "amd64"
}

// The supported targets. Arm64 is first here and in [All] because it is this
// project's focus.
var (
	LinuxARM64 = Target{OS: "linux", Arch: "arm64"}
	LinuxAMD64 = Target{OS: "linux", Arch: "amd64"}
)

// spelling has a target's names outside OCI.
type spelling struct {
	node    string      // in nodejs.org archives, npm packages and process.arch
	machine string      // as uname -m prints it
	triplet string      // Debian's multiarch triplet, also the GNU tool prefix
	elf     elf.Machine // e_machine of every binary built for it
}

var spellings = map[Target]spelling{
	LinuxARM64: {node: "arm64", machine: "aarch64", triplet: "aarch64-linux-gnu", elf: elf.EM_AARCH64},
	LinuxAMD64: {node: "x64", machine: "x86_64", triplet: "x86_64-linux-gnu", elf: elf.EM_X86_64},
}

// UnsupportedError is the error for a platform that is not supported.
type UnsupportedError struct {
	Got string // as given, for example "linux/riscv64"
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("unsupported target %q: want %s", e.Got, strings.Join(names(), " or "))
}

// All returns every target, arm64 first.
func All() []Target { return []Target{LinuxARM64, LinuxAMD64} }

// Parse reads "linux/arm64", or "arm64" alone. Anything else, Node's and the
// kernel's spellings included, is an [*UnsupportedError].
func Parse(s string) (Target, error) {
	os, arch, found := strings.Cut(s, "/")
	if !found {
		os, arch = "linux", s
	}
	t := Target{OS: os, Arch: arch}
	if _, ok := spellings[t]; !ok {
		return Target{}, &UnsupportedError{Got: s}
	}
	return t, nil
}

// FromEnv returns the target of a build: CNB_TARGET_OS and CNB_TARGET_ARCH
// (Buildpack API 0.10 and later), which the lifecycle takes from the run image.
// If the platform sets neither, it is the host.
func FromEnv(getenv func(string) string) (Target, error) {
	os, arch := getenv("CNB_TARGET_OS"), getenv("CNB_TARGET_ARCH")
	host := hostPlatform()
	if os == "" {
		os = host.OS
	}
	if arch == "" {
		arch = host.Arch
	}
	t, err := Parse(os + "/" + arch)
	if err != nil {
		return Target{}, err
	}
	return t, checkLauncher(t)
}

// Host returns the target this program runs on. Under user-mode emulation
// that is the emulated one.
func Host() (Target, error) {
	return Parse(hostPlatform().String())
}

func hostPlatform() Target { return Target{OS: runtime.GOOS, Arch: runtime.GOARCH} }

// String is the OCI platform, "linux/arm64".
func (t Target) String() string { return t.OS + "/" + t.Arch }

// Dashed is the target in file and folder names, "linux-arm64".
func (t Target) Dashed() string { return t.OS + "-" + t.Arch }

// Node is the architecture as Node.js spells it: "arm64", "x64".
func (t Target) Node() string { return spellings[t].node }

// Machine is the architecture as uname -m prints it: "aarch64", "x86_64".
func (t Target) Machine() string { return spellings[t].machine }

// Triplet is Debian's multiarch triplet, "aarch64-linux-gnu": the folder of
// the libraries below /usr/lib and the prefix of the GNU tools.
func (t Target) Triplet() string { return spellings[t].triplet }

// ELF is the machine type that every binary for the target carries.
func (t Target) ELF() elf.Machine { return spellings[t].elf }

func names() []string {
	var all []string
	for _, t := range All() {
		all = append(all, t.String())
	}
	return all
}
