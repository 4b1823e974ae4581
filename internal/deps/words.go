package deps

import (
	"regexp"
	"strings"
)

// The words for platforms in the names of packages, folders and files, and Node's
// terms for them.
var (
	osWords = map[string]string{
		"linux": "linux", "linuxmusl": "linux", "linuxglibc": "linux", "android": "android", "darwin": "darwin", "macos": "darwin", "osx": "darwin",
		"win32": "win32", "windows": "win32", "win": "win32", "freebsd": "freebsd", "openbsd": "openbsd", "netbsd": "netbsd",
		"sunos": "sunos", "aix": "aix", "openharmony": "openharmony",
	}
	cpuWords = map[string]string{
		"arm64": "arm64", "aarch64": "arm64", "x64": "x64", "amd64": "x64", "ia32": "ia32", "x86": "ia32", "i386": "ia32", "i686": "ia32", "386": "ia32",
		"arm": "arm", "armv6": "arm", "armv6l": "arm", "armv7": "arm", "armv7l": "arm", "armhf": "arm", "riscv64": "riscv64", "ppc64": "ppc64", "ppc64le": "ppc64",
		"s390x": "s390x", "loong64": "loong64", "mips": "mips", "mips64": "mips64", "mips64el": "mips64el", "mipsel": "mipsel", universal: universal,
	}
	libcWords = map[string]string{"gnu": Glibc, "glibc": Glibc, "linuxglibc": Glibc, "musl": "musl", "linuxmusl": "musl", "alpine": "musl"}

	nameWords = regexp.MustCompile(`[a-z0-9]+`)
)

// universal is a word for a CPU: a macOS binary for all of its CPUs.
const universal = "universal"

// platformIn parses a platform from a package's name, without its scope. It needs
// words for an operating system and a CPU.
func platformIn(name string) (Platform, bool) {
	name = strings.NewReplacer("x86_64", "x64", "x86-64", "x64").Replace(name)
	var p Platform
	for _, word := range nameWords.FindAllString(name[strings.LastIndex(name, "/")+1:], -1) {
		if os, ok := osWords[word]; ok {
			p.OS = os
		}
		if cpu, ok := cpuWords[word]; ok {
			p.CPU = cpu
		}
		if libc, ok := libcWords[word]; ok {
			p.Libc = libc
		}
	}
	return p, p.OS != "" && p.CPU != ""
}

// NamedForOther reports whether a package's name says that it is made for another
// platform: "@esbuild/darwin-arm64" for any Linux.
func NamedForOther(name string, want Platform) bool {
	named, ok := platformIn(name)
	return ok && !named.fits(want) && !(named.OS == want.OS && named.CPU == universal)
}

// LibcOf returns the C library that a package's name names, if the name has words for
// an operating system and a CPU, too; or "".
func LibcOf(name string) string {
	platform, ok := platformIn(name)
	if !ok {
		return ""
	}
	return platform.Libc
}

// NamedFor reports whether a package's name says that it is made for a platform.
func NamedFor(name string, want Platform) bool {
	named, ok := platformIn(name)
	return ok && named.fits(want)
}

// NamesPlatform reports whether a path has a word for a CPU, for an operating
// system other than Linux, or for musl. Files at such a path are deliberate, next
// to others for other platforms.
func NamesPlatform(path string) bool {
	for _, word := range nameWords.FindAllString(strings.ToLower(path), -1) {
		os, cpu, libc := osWords[word], cpuWords[word], libcWords[word]
		if os != "" && os != "linux" || cpu != "" && cpu != universal || libc != "" && libc != Glibc {
			return true
		}
	}
	return false
}

// platformFolder matches "linux-arm64" and "darwin-x64+arm64".
var platformFolder = regexp.MustCompile(`^([a-z0-9]+)-[a-z0-9]+(?:\+[a-z0-9]+)*$`)

// IsPlatformFolder reports whether a folder has prebuildify's name for one
// platform: Node's term for an operating system, or linuxglibc and linuxmusl, a
// dash, and CPUs joined by plus signs.
func IsPlatformFolder(name string) bool {
	found := platformFolder.FindStringSubmatch(name)
	if found == nil {
		return false
	}
	word := found[1]
	return osWords[word] == word || osWords[word] != "" && libcWords[word] != ""
}
