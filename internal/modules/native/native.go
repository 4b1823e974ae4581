// Package native checks native files in layers of modules: the platforms of
// programs, libraries and C addons. It also removes build intermediates.
package native

import (
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Ids of the failures for native files that the target cannot load.
const (
	wrongArchitectureID = "native-module-wrong-architecture"
	wrongLibcID         = "native-module-wrong-libc"
)

// File is a program or library in a package.
type File struct {
	pkg  string // the package's name
	path string // relative to the package's folder
	is   string // its platform: "linux/amd64", "linux/amd64 with musl", "riscv", "macOS or Windows"
	fits bool   // it runs on the target
	libc string // the newest glibc that it needs, "2.38", or empty

	shipped bool // it does not fit, and is a program that comes with the package, see [isShipped]
}

// Check checks that every package with native files has some for the target. If one
// has files for other platforms only, it returns a [failure.Failure] with the id
// native-module-wrong-architecture or native-module-wrong-libc. Relock says how to
// rewrite the lockfile for every platform, in the imperative.
func Check(files []File, want, host targets.Target, relock string) error {
	if wrong := wrongFiles(files); len(wrong) > 0 {
		return wrongPlatform(wrong, want, host, relock)
	}
	return nil
}

// wrongFiles returns the files that make their package unusable on the target:
// files for another platform whose path names none, and, if the package has nothing
// for the target, those whose path names one, without programs that come with it. A package for musl by its name may
// accompany the one for glibc.
func wrongFiles(files []File) []File {
	fits := fitting(files)
	var wrong []File
	for _, file := range files {
		onPurpose := fits[file.pkg] && deps.NamesPlatform(file.path) || hasTwin(file.pkg, fits)
		if !file.fits && !onPurpose && !file.shipped {
			wrong = append(wrong, file)
		}
	}
	return wrong
}

// fitting returns the packages that have a file for the target.
func fitting(files []File) map[string]bool {
	fits := map[string]bool{}
	for _, file := range files {
		fits[file.pkg] = fits[file.pkg] || file.fits
	}
	return fits
}

// Uncrossable is the remedy if a cross build cannot make a native module, in the
// imperative.
const Uncrossable = "use a version of the package that comes with binaries for the target, or build in the target's own build image: with `armature build --emulate`, or on a machine of the target's architecture."

// wrongPlatform names each package with one of its files, preferably one whose path
// names no platform.
func wrongPlatform(wrong []File, want, host targets.Target, relock string) error {
	id, cause := wrongLibcID, fmt.Sprintf("native modules are for another C library than the target's, glibc on %s", want)
	remedy := "they were installed on Alpine Linux: delete node_modules from the app, if it has one, so that the build installs the dependencies; " +
		"or use a version of the package that comes with binaries for glibc."
	if slices.ContainsFunc(wrong, func(f File) bool { return f.is != onMusl(want) }) {
		id, cause = wrongArchitectureID, fmt.Sprintf("native modules are not for %s", want)
		remedy = "delete node_modules from the app, if it has one, and commit a lockfile that lists every platform: " + relock + "."
		if want != host {
			remedy = "delete node_modules from the app, if it has one; then " + Uncrossable
		}
	}
	names, lines := describeWrong(wrong)
	return &failure.Failure{
		ID:     id,
		Cause:  cause + failure.List(lines),
		Remedy: remedy + fmt.Sprintf(" BP_NODE_MODULES_CHECK=warn lets the build go on; then whatever needs %s fails at launch.", strings.Join(names, ", ")),
	}
}

// describeWrong returns the names of the packages, sorted, and a line for each.
func describeWrong(wrong []File) (names, lines []string) {
	byPackage := map[string][]File{}
	for _, file := range wrong {
		byPackage[file.pkg] = append(byPackage[file.pkg], file)
	}
	names = slices.Sorted(maps.Keys(byPackage))
	for _, name := range names {
		files := byPackage[name]
		shown := files[max(0, slices.IndexFunc(files, func(f File) bool { return !deps.NamesPlatform(f.path) }))]
		line := fmt.Sprintf("%s: %s is for %s", name, shown.path, shown.is)
		if more := len(files) - 1; more > 0 {
			line += fmt.Sprintf(", and %d more", more)
		}
		lines = append(lines, line)
	}
	return names, lines
}

// Find returns the programs, libraries and *.node files below dir, sorted by
// path.
func Find(dir string, want targets.Target) ([]File, error) {
	var all []File
	err := filepath.WalkDir(dir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		is, native, err := platformOf(place)
		if err != nil || !native {
			return err
		}
		file := File{is: is, fits: is == want.String()}
		file.pkg, file.path = inPackage(strings.TrimPrefix(place, dir+"/"))
		if file.fits {
			needs := libcOf(place)
			if file.libc = needs.glibc; needs.musl {
				file.is, file.fits = onMusl(want), false
			}
		}
		file.shipped = !file.fits && isShipped(place, file)
		all = append(all, file)
		return nil
	})
	return all, err
}

// inPackage splits a path in a layer into a package's name and the path in its
// folder.
func inPackage(place string) (name, rel string) {
	const marker = nodemodules.Dir + "/"
	_, after, _ := cutLast(place, marker)
	parts := strings.SplitN(after, "/", 3)
	if strings.HasPrefix(after, "@") && len(parts) == 3 {
		return path.Join(parts[0], parts[1]), parts[2]
	}
	name, rel, _ = strings.Cut(after, "/")
	return name, rel
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// platformOf returns a file's platform, and whether it is a program or a library.
// Object files are not: nothing loads them.
func platformOf(place string) (is string, native bool, err error) {
	file, err := os.Open(place)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	var head [20]byte
	n, err := io.ReadFull(file, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", false, err
	}
	if n == len(head) && string(head[:4]) == elf.ELFMAG {
		return elfPlatform(head)
	}
	if filepath.Ext(place) == ".node" && n >= 4 && isForeignObject(head[:4]) {
		return "macOS or Windows", true, nil
	}
	return "", false, nil
}

// elfPlatform reads e_type and e_machine, bytes 16 to 19 of the header.
func elfPlatform(head [20]byte) (is string, native bool, err error) {
	word := func(i int) uint16 { return uint16(head[i]) | uint16(head[i+1])<<8 }
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		word = func(i int) uint16 { return uint16(head[i])<<8 | uint16(head[i+1]) }
	}
	if kind := elf.Type(word(16)); kind != elf.ET_DYN && kind != elf.ET_EXEC {
		return "", false, nil
	}
	machine := elf.Machine(word(18))
	for _, t := range targets.All() {
		if t.ELF() == machine {
			return t.String(), true, nil
		}
	}
	return strings.ToLower(strings.TrimPrefix(machine.String(), "EM_")), true, nil
}

// isForeignObject recognizes Mach-O (both byte orders, and fat files) and PE.
func isForeignObject(magic []byte) bool {
	return string(magic[:2]) == "MZ" ||
		slices.Contains([]string{"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xfe\xed\xfa\xcf", "\xfe\xed\xfa\xce", "\xca\xfe\xba\xbe"}, string(magic))
}
