package native

import (
	"debug/elf"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// libcNeeds are the requirements of a program or library on the C library.
type libcNeeds struct {
	musl  bool   // it needs musl, or another libc than glibc
	glibc string // the newest glibc symbol version that it needs, "2.38"; empty for any
}

// glibcVersion matches versions of glibc's symbols.
var glibcVersion = regexp.MustCompile(`^GLIBC_([0-9.]+)$`)

// libcOf reads the interpreter, the needed libraries (DT_NEEDED) and their versions
// (DT_VERNEED) of an ELF file. A static or unreadable file needs nothing.
func libcOf(place string) libcNeeds {
	file, err := elf.Open(place)
	if err != nil {
		return libcNeeds{}
	}
	defer file.Close()
	var needs libcNeeds
	libraries, _ := file.ImportedLibraries()
	needs.musl = slices.ContainsFunc(append(libraries, interpreter(file)), isMusl)
	versions, _ := file.DynamicVersionNeeds()
	newest := semver.New(0, 0, 0, "", "")
	for _, need := range versions {
		for _, dep := range need.Needs {
			match := glibcVersion.FindStringSubmatch(dep.Dep)
			if match == nil || dep.Flags&elf.VER_FLG_WEAK != 0 {
				continue
			}
			if version, err := semver.NewVersion(match[1]); err == nil && version.GreaterThan(newest) {
				newest, needs.glibc = version, match[1]
			}
		}
	}
	return needs
}

// interpreter returns the path of a program's dynamic loader (PT_INTERP), or "".
func interpreter(file *elf.File) string {
	for _, header := range file.Progs {
		if header.Type == elf.PT_INTERP {
			path := make([]byte, min(header.Filesz, 256))
			n, _ := header.ReadAt(path, 0)
			return strings.TrimRight(string(path[:n]), "\x00")
		}
	}
	return ""
}

// isMusl recognizes musl's library and loader: libc.musl-aarch64.so.1,
// ld-musl-aarch64.so.1, or libc.so, which is also Android's. glibc's is libc.so.6.
func isMusl(library string) bool {
	return library == "libc.so" || strings.HasPrefix(library, "libc.musl-") || strings.Contains(library, "ld-musl-")
}

func onMusl(t targets.Target) string { return t.String() + " with musl" }

// muslWord is the word for musl in names of packages.
var muslWord = regexp.MustCompile(`-?musl`)

// hasTwin reports whether a package is for musl by its name, and the one for glibc
// is there. npm up to 10 writes no libc into lockfiles, and so installs both.
func hasTwin(name string, fits map[string]bool) bool {
	if !muslWord.MatchString(name) {
		return false
	}
	for _, glibc := range []string{"", "-gnu", "-glibc"} {
		if fits[muslWord.ReplaceAllString(name, glibc)] {
			return true
		}
	}
	return false
}

// glibcOf has the version of glibc of a distribution, by the values of
// CNB_TARGET_DISTRO_NAME and _VERSION.
var glibcOf = map[string]string{
	"debian 11": "2.31", "debian 12": "2.36", "debian 13": "2.41",
	"ubuntu 20.04": "2.31", "ubuntu 22.04": "2.35", "ubuntu 24.04": "2.39",
}

// Newer lists the files that need a newer glibc than a distribution has, given the
// values of CNB_TARGET_DISTRO_NAME and _VERSION. Has is the distribution's version,
// "2.36".
func Newer(files []File, distro, version string) (lines []string, has string) {
	newest, err := semver.NewVersion(glibcOf[distro+" "+version])
	if err != nil {
		return nil, "" // unknown distribution
	}
	for _, file := range files {
		if asks, err := semver.NewVersion(file.libc); err == nil && file.fits && asks.GreaterThan(newest) {
			lines = append(lines, fmt.Sprintf("%s: %s asks for glibc %s", file.pkg, file.path, file.libc))
		}
	}
	return lines, fmt.Sprintf("%d.%d", newest.Major(), newest.Minor())
}
