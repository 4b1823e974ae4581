package deps

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Platform is a platform in Node's terms: "linux", "arm64", "glibc".
type Platform struct {
	OS, CPU string
	Libc    string // empty for any, or for glibc if there is another package for musl
}

// Glibc is the C library of every target.
const Glibc = "glibc"

// PlatformOf converts a target to Node's terms.
func PlatformOf(t targets.Target) Platform { return Platform{OS: t.OS, CPU: t.Node(), Libc: Glibc} }

// fits reports whether binaries for p run on another platform.
func (p Platform) fits(want Platform) bool {
	return p.OS == want.OS && p.CPU == want.CPU && (p.Libc == "" || p.Libc == want.Libc)
}

// RunsOn reports whether the package supports a platform.
func (p Package) RunsOn(want Platform) bool {
	return allows(p.OS, want.OS) && allows(p.CPU, want.CPU) && allows(p.Libc, want.Libc)
}

// HasPlatform reports whether the package is limited to some platforms.
func (p Package) HasPlatform() bool { return len(p.OS)+len(p.CPU)+len(p.Libc) > 0 }

// IsBinaryFor reports whether the package holds binaries for a platform: it names
// an operating system and a CPU, and supports that platform.
func (p Package) IsBinaryFor(want Platform) bool {
	return len(p.OS) > 0 && len(p.CPU) > 0 && p.RunsOn(want)
}

// allows evaluates a list as npm does: "any" or an empty list allows everything,
// "!x" forbids x, and entries without "!" allow only themselves.
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

// ListsScripts reports whether the lockfile says which packages have install
// scripts: npm's does, unless it is sparse, and pnpm's before version 9.
func (g Graph) ListsScripts() bool {
	switch g.File {
	case "package-lock.json", "npm-shrinkwrap.json":
		return !g.Sparse
	case "pnpm-lock.yaml":
		return g.Version < 9
	}
	return false
}
