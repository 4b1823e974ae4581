package fit

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// maxScript is how long a script may be that gets another first line, in bytes.
const maxScript = 16 << 20

// programs looks at every file: scripts of an interpreter that is in the layer get
// its path there. It returns the folders in which programs look for libraries by
// paths from the root, besides the usual ones and those of /etc/ld.so.conf.d.
func programs(root *rootfs.Root) (libraries []string, err error) {
	add := func(dir string) {
		info, err := root.Stat(dir)
		if err == nil && info.IsDir() && !slices.Contains(libraries, dir) {
			libraries = append(libraries, dir)
		}
	}
	usual, err := fs.Glob(root.FS(), "usr/lib/*-linux-gnu")
	if err != nil {
		return nil, err
	}
	for _, dir := range append(usual, "usr/lib", "usr/local/lib") {
		if hasLibraries(root, dir) {
			add(dir)
		}
	}
	configured, err := configuredDirs(root)
	if err != nil {
		return nil, err
	}
	var found []string
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		dirs, err := look(root, name)
		found = append(found, dirs...)
		return err
	})
	slices.Sort(found)
	for _, dir := range append(configured, found...) {
		add(dir)
	}
	return libraries, err
}

func hasLibraries(root *rootfs.Root, dir string) bool {
	found, err := fs.Glob(root.FS(), path.Join(dir, "*.so*"))
	return err == nil && len(found) > 0
}

// configuredDirs are the folders that /etc/ld.so.conf.d of the layer names
// (ldconfig(8)).
func configuredDirs(root *rootfs.Root) (dirs []string, err error) {
	files, err := fs.Glob(root.FS(), "etc/ld.so.conf.d/*.conf")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, name := range files {
		text, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				dirs = append(dirs, rootfs.Clean(line))
			}
		}
	}
	return dirs, nil
}

// look looks at one file.
func look(root *rootfs.Root, name string) (libraries []string, err error) {
	file, err := root.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	start := make([]byte, len(elf.ELFMAG))
	if _, err := io.ReadFull(file, start); err != nil {
		return nil, nil // too short for either
	}
	switch {
	case string(start) == elf.ELFMAG:
		return runPaths(file), nil
	case string(start[:2]) == "#!":
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return nil, interpreter(root, name, file)
	}
	return nil, nil
}

// runPaths are the folders from the root in which an ELF file says its libraries
// are. A file that cannot be read has none: it is no program of the target.
func runPaths(file io.ReaderAt) (dirs []string) {
	program, err := elf.NewFile(file)
	if err != nil {
		return nil
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, err := program.DynString(tag)
		if err != nil {
			continue
		}
		for _, value := range values {
			for dir := range strings.SplitSeq(value, ":") {
				if strings.HasPrefix(dir, "/") {
					dirs = append(dirs, rootfs.Clean(dir))
				}
			}
		}
	}
	return dirs
}

// interpreter changes the first line of a script whose interpreter is in the layer.
func interpreter(root *rootfs.Root, name string, file fs.File) error {
	info, err := file.Stat()
	if err != nil || info.Mode()&0o111 == 0 || info.Size() > maxScript {
		return err
	}
	reader := bufio.NewReader(file)
	first, err := reader.ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	words := strings.Fields(strings.TrimPrefix(first, "#!"))
	if len(words) == 0 || !strings.HasPrefix(words[0], "/") {
		return nil
	}
	if _, err := root.Stat(rootfs.Clean(words[0])); err != nil {
		return nil // it is the run image's, or nobody's
	}
	rest, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	words[0] = path.Join(root.Dir, rootfs.Clean(words[0]))
	return root.Write(name, fmt.Sprintf("#!%s\n%s", strings.Join(words, " "), rest), info.Mode().Perm())
}
