package native

import (
	"debug/elf"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// isShipped reports whether a program comes with a package as it is published, the
// same for every platform, such as xsel of clipboardy: the package is for all
// platforms, and installs and compiles nothing. An image that another tool builds
// for the target has the same file, and most apps never start it. A library is
// none: it is loaded with the package.
func isShipped(place string, f File) bool {
	dir := strings.TrimSuffix(place, "/"+f.path)
	if deps.NamesPlatform(f.pkg) || !isProgram(place) || tree.Exists(filepath.Join(dir, "binding.gyp")) {
		return false
	}
	text, err := regular.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return false
	}
	var manifest struct {
		Scripts       map[string]any
		OS, CPU, LibC any
	}
	if json.Unmarshal(text, &manifest) != nil || manifest.OS != nil || manifest.CPU != nil || manifest.LibC != nil {
		return false
	}
	return !slices.ContainsFunc([]string{"preinstall", "install", "postinstall"}, func(name string) bool { return manifest.Scripts[name] != nil })
}

// isProgram reports whether an ELF file is started and not loaded: it is at a fixed
// address, or names a dynamic loader.
func isProgram(place string) bool {
	file, err := elf.Open(place)
	if err != nil {
		return false
	}
	defer file.Close()
	return file.Type == elf.ET_EXEC || slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// Shipped returns a line for each package with programs that come with it and that
// the target cannot start: "clipboardy: fallbacks/linux/xsel is for linux/amd64".
func Shipped(files []File) (lines []string) {
	fits := fitting(files)
	var shipped []File
	for _, file := range files {
		if file.shipped && !fits[file.pkg] {
			shipped = append(shipped, file)
		}
	}
	_, lines = describeWrong(shipped)
	return lines
}
