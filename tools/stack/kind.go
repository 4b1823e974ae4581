package main

import (
	"fmt"
	"slices"
	"strings"
)

// kind is one of a builder's images: two run images and the build image.
type kind struct {
	name         string // "run", "run-tiny" or "build"
	description  string
	dependencies bool              // whether apt adds the packages' dependencies
	drop         []string          // paths to leave out, besides [dropped]
	links        map[string]string // symlinks that maintainer scripts would have made
	env          []string          // of the image's configuration
}

// isRun reports whether apps run on the image.
func (k kind) isRun() bool { return k.name != buildKind.name }

var searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var runKind = kind{
	name:        "run",
	description: "Debian 13 with what Node.js and start scripts need to run: no package manager, no setuid file",
	drop:        runDropped,
	env:         []string{searchPath},
}

// runDropped are paths of packages that no run image needs.
var runDropped = []string{
	// Character set conversions, 17 MB; Node.js has its own.
	"usr/lib/*/gconv",
	// Programs that need missing packages.
	"usr/sbin/update-ca-certificates",
	"etc/update-motd.d",
	// Unused libraries of packages with a needed one.
	"usr/lib/*/libtic.so*",
	"usr/lib/*/libpsx.so*",
}

var tinyKind = kind{
	name:        "run-tiny",
	description: "Debian 13 with what Node.js needs to run and no program at all: no shell, no package manager, no setuid file",
	drop: slices.Concat(runDropped, []string{
		// Libraries for debuggers and profilers.
		"usr/lib/*/audit",
		"usr/lib/*/libc_malloc_debug.so*",
		"usr/lib/*/libmemusage.so",
		"usr/lib/*/libpcprofile.so",
		"usr/lib/*/libthread_db.so*",
		// NIS and Hesiod, which /etc/nsswitch.conf does not name.
		"usr/lib/*/libnsl.so*",
		"usr/lib/*/libnss_compat.so*",
		"usr/lib/*/libnss_hesiod.so*",
		// For programs from before 1998.
		"usr/lib/*/libBrokenLocale.so*",
	}),
	env: []string{searchPath},
}

var buildKind = kind{
	name:         "build",
	description:  "Debian 13 with what npm and node-gyp need: git, Python, make and a C++ compiler",
	dependencies: true,
	drop: []string{
		// Sanitizers: their shared libraries are left out too.
		"usr/lib/gcc/*/*/lib*san*",
		"usr/lib/gcc-cross/*/*/lib*san*",
		// Compiler plugins of gdb.
		"usr/lib/gcc/*/*/plugin",
		"usr/lib/gcc-cross/*/*/plugin",
		// Test coverage.
		"usr/bin/*gcov*",
		// An inspector of compiler output, 33 MB.
		"usr/bin/*lto-dump*",
		// Programs whose libraries stack/build.packages leaves out.
		"usr/bin/*gp-*",
		"usr/bin/*gprofng*",
		"usr/lib/*/gprofng",
		"usr/bin/pinky",
		"usr/bin/users",
		"usr/bin/who",
		// Perl modules without a Perl.
		"usr/share/perl",
		"usr/share/perl5",
	},
	links: map[string]string{
		"usr/bin/awk":   "mawk",
		"usr/bin/c++":   "g++",
		"usr/bin/cc":    "gcc",
		"usr/bin/which": "which.debianutils",
	},
	env: []string{
		searchPath,
		fmt.Sprintf("CNB_USER_ID=%d", userID),
		fmt.Sprintf("CNB_GROUP_ID=%d", groupID),
	},
}

// The user of buildpacks and apps. /etc/passwd below stack/rootfs names it cnb.
const (
	userID  = 1001
	groupID = 1000
)

func parseKind(s string) (kind, error) {
	for _, k := range []kind{runKind, tinyKind, buildKind} {
		if k.name == s {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("unknown kind of image %q: want run, run-tiny or build", s)
}

// selection is a list of packages from stack/*.packages.
type selection struct {
	names   []string            // in the order of the file
	only    map[string][]string // paths to include from a package, if not all
	without map[string]bool     // dependencies to leave out
}

// parseSelection parses a list for one architecture. A line has a package's
// name, then optionally its only architecture in brackets, and the paths to
// include.
func parseSelection(list, arch string) (selection, error) {
	s := selection{only: map[string][]string{}, without: map[string]bool{}}
	for i, line := range strings.Split(list, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		name, leftOut := strings.CutPrefix(fields[0], "-")
		paths := fields[1:]
		applies := true
		if len(paths) > 0 && isArchitecture(paths[0]) {
			applies = paths[0] == "["+arch+"]"
			paths = paths[1:]
		}
		if !isPackageName(name) || leftOut && len(paths) > 0 || slices.ContainsFunc(paths, isRelative) {
			return selection{}, fmt.Errorf("line %d: got %q, want the name of one package, with \"-\" before it to leave it out, [amd64] or [arm64] after it where it is for one architecture only, or absolute paths to take only those", i+1, strings.TrimSpace(line))
		}
		if !applies {
			continue
		}
		if leftOut {
			s.without[name] = true
			continue
		}
		s.names = append(s.names, name)
		for _, p := range paths {
			s.only[name] = append(s.only[name], clean(p))
		}
	}
	if len(s.names) == 0 {
		return selection{}, fmt.Errorf("no package is listed")
	}
	return s, nil
}

// isArchitecture reports whether a field restricts a package to one
// architecture, as Debian Policy 7.1 writes it.
func isArchitecture(field string) bool { return field == "[amd64]" || field == "[arm64]" }

func isRelative(p string) bool { return !strings.HasPrefix(p, "/") }

// isPackageName follows Debian Policy 5.6.1: lower case letters, digits and
// "+-.", at least two of them, beginning with a letter or digit.
func isPackageName(s string) bool {
	if len(s) < 2 || strings.ContainsAny(s[:1], "+-.") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}
