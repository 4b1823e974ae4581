package deps

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Platform is a platform in Node's words: "linux", "arm64", "glibc".
type Platform struct {
	OS, CPU string
	Libc    string // empty for any, or for glibc where there is something else for musl
}

// Glibc is the C library of every target.
const Glibc = "glibc"

// PlatformOf is a target in Node's words.
func PlatformOf(t targets.Target) Platform { return Platform{OS: t.OS, CPU: t.Node(), Libc: Glibc} }

// fits tells whether what is made for p runs on another platform.
func (p Platform) fits(want Platform) bool {
	return p.OS == want.OS && p.CPU == want.CPU && (p.Libc == "" || p.Libc == want.Libc)
}

// RunsOn tells whether the package allows a platform.
func (p Package) RunsOn(want Platform) bool {
	return allows(p.OS, want.OS) && allows(p.CPU, want.CPU) && allows(p.Libc, want.Libc)
}

// HasPlatform tells whether the package is made for some platforms only.
func (p Package) HasPlatform() bool { return len(p.OS)+len(p.CPU)+len(p.Libc) > 0 }

// IsBinaryFor tells whether the package holds binaries for a platform and few
// others: it names an operating system and a CPU, and allows that platform.
func (p Package) IsBinaryFor(want Platform) bool {
	return len(p.OS) > 0 && len(p.CPU) > 0 && p.RunsOn(want)
}

// allows reads a list as npm does: "any" and no list at all is everything,
// "!x" forbids x, and where something is named without "!" it is one of
// these.
func allows(list []string, word string) bool {
	if len(list) == 0 || (len(list) == 1 && list[0] == "any") {
		return true
	}
	if slices.Contains(list, "!"+word) {
		return false
	}
	onlyForbids := !slices.ContainsFunc(list, func(s string) bool { return !strings.HasPrefix(s, "!") })
	return onlyForbids || slices.Contains(list, word)
}
