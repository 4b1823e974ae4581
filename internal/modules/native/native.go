package npminstall

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

// nativeFile is a program or library in a package.
type nativeFile struct {
	pkg  string // the package's name
	path string // relative to the package's folder
	is   string // what it is made for: "linux/amd64", "linux/amd64 with musl", "riscv", "macOS or Windows"
	fits bool   // it runs on the target
	libc string // the newest glibc that it asks for, "2.38", or empty
}

// checkNative looks at every native file in a layer of modules. A package that
// has files for other platforms only ends the build with
// native-module-wrong-architecture or native-module-wrong-libc, or warns, as
// BP_NODE_MODULES_CHECK says.
func (b *build) checkNative(layerDir string) error {
	if b.check == "off" {
		return nil
	}
	files, err := nativeFiles(layerDir, b.target)
	if err != nil {
		return fmt.Errorf("looking for native modules in %s: %w", layerDir, err)
	}
	b.natives = len(files)
	b.warnOfNewerLibc(files)
	wrong := wrongFiles(files)
	if len(wrong) == 0 {
		if len(files) > 0 {
			b.log.Subprocess("Checked %d native files: each package has those for %s", len(files), b.target)
			b.log.Break()
		}
		return nil
	}
	fault := wrongPlatform(wrong, b.target, b.host)
	if b.check == "warn" {
		b.log.Process("WARNING: %s", strings.ReplaceAll(fault.Error(), "%", "%%"))
		b.log.Break()
		return nil
	}
	return fault
}

// wrongFiles picks the files that make their package unusable on the target:
// those for another platform whose place does not say so, and those whose
// place does where nothing in the package is for the target. A package whose
// name says that it is for musl may be there beside the one for glibc.
func wrongFiles(files []nativeFile) []nativeFile {
	fits := map[string]bool{}
	for _, file := range files {
		fits[file.pkg] = fits[file.pkg] || file.fits
	}
	var wrong []nativeFile
	for _, file := range files {
		onPurpose := fits[file.pkg] && deps.NamesPlatform(file.path) || hasTwin(file.pkg, fits)
		if !file.fits && !onPurpose {
			wrong = append(wrong, file)
		}
	}
	return wrong
}

// uncrossable is what to do where a build for another target than the host
// cannot make what a package needs, in the imperative.
const uncrossable = "use a version of the package that comes with binaries for the target, or build in the target's own build image: with `armature build --emulate`, or on a machine of the target's architecture."

// wrongPlatform names each package with one of its files, rather one that has
// no business to be there than one that is there for another platform.
func wrongPlatform(wrong []nativeFile, want, host targets.Target) error {
	id, cause := wrongLibcID, fmt.Sprintf("native modules are for another C library than the target's, glibc on %s", want)
	remedy := "they were installed on Alpine Linux: delete node_modules from the app, if it has one, so that the build installs the dependencies; " +
		"or use a version of the package that comes with binaries for glibc."
	if slices.ContainsFunc(wrong, func(f nativeFile) bool { return f.is != onMusl(want) }) {
		id, cause = wrongArchitectureID, fmt.Sprintf("native modules are not for %s", want)
		remedy = "delete node_modules from the app, if it has one, and commit a lockfile that lists every platform: delete package-lock.json and node_modules, run `npm install`."
		if want != host {
			remedy = "delete node_modules from the app, if it has one; then " + uncrossable
		}
	}
	names, lines := describeWrong(wrong)
	return &failure.Failure{
		ID:     id,
		Cause:  cause + list(lines),
		Remedy: remedy + fmt.Sprintf(" BP_NODE_MODULES_CHECK=warn lets the build go on; then whatever needs %s fails at launch.", strings.Join(names, ", ")),
	}
}

// describeWrong returns the names of the packages, sorted, and a line for
// each.
func describeWrong(wrong []nativeFile) (names, lines []string) {
	byPackage := map[string][]nativeFile{}
	for _, file := range wrong {
		byPackage[file.pkg] = append(byPackage[file.pkg], file)
	}
	names = slices.Sorted(maps.Keys(byPackage))
	for _, name := range names {
		files := byPackage[name]
		shown := files[max(0, slices.IndexFunc(files, func(f nativeFile) bool { return !deps.NamesPlatform(f.path) }))]
		line := fmt.Sprintf("%s: %s is for %s", name, shown.path, shown.is)
		if more := len(files) - 1; more > 0 {
			line += fmt.Sprintf(", and %d more", more)
		}
		lines = append(lines, line)
	}
	return names, lines
}

// nativeFiles finds the programs, libraries and *.node files below dir,
// sorted by path.
func nativeFiles(dir string, want targets.Target) ([]nativeFile, error) {
	var all []nativeFile
	err := filepath.WalkDir(dir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		is, native, err := platformOf(place)
		if err != nil || !native {
			return err
		}
		file := nativeFile{is: is, fits: is == want.String()}
		file.pkg, file.path = inPackage(strings.TrimPrefix(place, dir+"/"))
		if file.fits {
			needs := libcOf(place)
			if file.libc = needs.glibc; needs.musl {
				file.is, file.fits = onMusl(want), false
			}
		}
		all = append(all, file)
		return nil
	})
	return all, err
}

// inPackage splits a path in a layer into a package's name and the path in
// its folder.
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

// platformOf says what a file is made for, and whether it is a program or a
// library at all. Object files are not: nothing loads them.
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

// isForeignObject knows Mach-O (both byte orders, and fat files) and PE.
func isForeignObject(magic []byte) bool {
	return string(magic[:2]) == "MZ" ||
		slices.Contains([]string{"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xfe\xed\xfa\xcf", "\xfe\xed\xfa\xce", "\xca\xfe\xba\xbe"}, string(magic))
}
