package scripts

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// written are patterns of files that scripts write and a layer does without: a "*"
// is any part of a path.
var written = []string{
	"/var/log/*",
	"/usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache",
}

func isWritten(name string) bool {
	for _, pattern := range written {
		first, rest, _ := strings.Cut(pattern, "*")
		after, ok := strings.CutPrefix(name, first)
		for ok && rest != "" {
			var part string
			part, rest, _ = strings.Cut(rest, "*")
			_, after, ok = strings.Cut(after, part)
		}
		if ok {
			return true
		}
	}
	return false
}

// find lists files of the layer: find FOLDER... -name PATTERN.
func (r *run) find(args []string) (output string, status int, err error) {
	at := slices.Index(args, "-name")
	if at < 1 || at != len(args)-2 {
		return "", 0, errMore
	}
	var found []string
	for _, dir := range args[:at] {
		err := fs.WalkDir(r.root.FS(), rootfs.Clean(dir), func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if ok, _ := path.Match(args[at+1], path.Base(name)); ok {
				found = append(found, "/"+name)
			}
			return nil
		})
		if err != nil {
			return "", 0, err
		}
	}
	return strings.Join(found, "\n"), 0, nil
}

// sorted sorts lines by their bytes.
func sorted(args []string, stdin io.Reader) (output string, status int, err error) {
	if len(args) > 0 {
		return "", 0, errMore
	}
	text, err := io.ReadAll(stdin)
	if err != nil {
		return "", 0, err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n"), 0, nil
}
