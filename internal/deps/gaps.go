package npmlock

import (
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Gap is an optional package for one platform that a package of the lockfile
// names and the lockfile does not have, though it has such packages for other
// platforms. npm up to 11.5 leaves such gaps when it writes a lockfile from
// the node_modules of one platform, and says nothing (npm/cli#4828).
type Gap struct {
	Name  string // of the package that is missing: "@esbuild/linux-arm64"
	Range string // that is asked for, mostly an exact version
	By    Package
}

// Gaps returns what the lockfile lacks for a platform, in Node's words, sorted
// by name. Packages that only devDependencies need count when dev is set.
//
// A name tells what platform the package is for, by the words that such names
// are made of. What the names of a package do not offer for the platform is no
// gap, nor is one where the lockfile has none of a package's platforms.
func (l Lock) Gaps(os, cpu, libc string, dev bool) []Gap {
	want := platform{os: os, cpu: cpu, libc: libc}
	byPath := map[string]Package{}
	for _, p := range l.Packages {
		byPath[p.Path] = p
	}
	var gaps []Gap
	for _, p := range append([]Package{l.Root}, l.Packages...) {
		if p.InBundle || p.Dev && !dev || !p.RunsOn(os, cpu, libc) {
			continue
		}
		optional := p.OptionalDeps
		if l.Version == 1 {
			optional = p.Dependencies // this version does not tell them apart
		}
		gaps = append(gaps, gapsOf(p, optional, byPath, want)...)
	}
	sort.SliceStable(gaps, func(i, j int) bool { return gaps[i].Name < gaps[j].Name })
	return gaps
}

func gapsOf(p Package, optional map[string]string, byPath map[string]Package, want platform) []Gap {
	var gaps []Gap
	hasOthers := false
	for name, wanted := range optional {
		offered, ok := platformIn(name)
		if !ok {
			continue
		}
		if found(byPath, p.Path, name) {
			hasOthers = true
		} else if offered.fits(want) {
			gaps = append(gaps, Gap{Name: name, Range: wanted, By: p})
		}
	}
	if !hasOthers {
		return nil
	}
	return gaps
}

// found looks where Node.js would, from the package's folder upwards. An entry
// without a version is only the memory of a package that could not be had.
func found(byPath map[string]Package, from, name string) bool {
	for {
		if path.Base(from) != "node_modules" {
			if p, ok := byPath[path.Join(from, "node_modules", name)]; ok && (p.Version != "" || p.Link) {
				return true
			}
		}
		if from == "" || from == "." {
			return false
		}
		if from = path.Dir(from); from == "." || from == "/" {
			from = ""
		}
	}
}

// platform is a platform in Node's words. An empty libc is any, or glibc
// where there is another package for musl.
type platform struct{ os, cpu, libc string }

func (p platform) fits(want platform) bool {
	return p.os == want.os && p.cpu == want.cpu && (p.libc == "" || p.libc == want.libc)
}

// The words that names are made of, and what Node.js calls it.
var (
	osWords = map[string]string{
		"linux": "linux", "linuxmusl": "linux", "linuxglibc": "linux", "android": "android", "darwin": "darwin", "macos": "darwin", "osx": "darwin",
		"win32": "win32", "windows": "win32", "win": "win32", "freebsd": "freebsd", "openbsd": "openbsd", "netbsd": "netbsd",
		"sunos": "sunos", "aix": "aix", "openharmony": "openharmony",
	}
	cpuWords = map[string]string{
		"arm64": "arm64", "aarch64": "arm64", "x64": "x64", "amd64": "x64", "ia32": "ia32", "x86": "ia32", "i686": "ia32", "386": "ia32",
		"arm": "arm", "armv6": "arm", "armv7": "arm", "armv7l": "arm", "armhf": "arm", "riscv64": "riscv64", "ppc64": "ppc64", "ppc64le": "ppc64",
		"s390x": "s390x", "loong64": "loong64", "mips64el": "mips64el", "mipsel": "mipsel", "universal": "universal",
	}
	libcWords = map[string]string{"gnu": "glibc", "glibc": "glibc", "linuxglibc": "glibc", "musl": "musl", "linuxmusl": "musl", "alpine": "musl"}

	nameWords = regexp.MustCompile(`[a-z0-9]+`)
)

// platformIn reads a platform from the name of a package, without its scope.
// There is one when the name has words for an operating system and a CPU.
func platformIn(name string) (platform, bool) {
	name = strings.NewReplacer("x86_64", "x64", "x86-64", "x64").Replace(name)
	var p platform
	for _, word := range nameWords.FindAllString(name[strings.LastIndex(name, "/")+1:], -1) {
		if os, ok := osWords[word]; ok {
			p.os = os
		}
		if cpu, ok := cpuWords[word]; ok {
			p.cpu = cpu
		}
		if libc, ok := libcWords[word]; ok {
			p.libc = libc
		}
	}
	return p, p.os != "" && p.cpu != ""
}

// HasLinks tells whether the lockfile has workspaces or file: dependencies.
func (l Lock) HasLinks() bool {
	return slices.ContainsFunc(l.Packages, func(p Package) bool { return p.Link })
}
