package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/oci"
)

// tree is a root file system in memory, by path relative to the root. It is
// never unpacked on the host, so the image does not depend on the host's users,
// file system or permissions.
type tree map[string]*oci.File

// addTar adds the entries of a package's data archive, except those for which
// drop is true. An existing file with other content is an error.
func (t tree) addTar(r io.Reader, drop func(string) bool) error {
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := merged(clean(header.Name))
		if name == "" || drop(name) {
			continue
		}
		file, err := fromTar(name, header, archive)
		if err != nil {
			return err
		}
		if err := t.add(file); err != nil {
			return err
		}
	}
}

func fromTar(name string, header *tar.Header, content io.Reader) (*oci.File, error) {
	file := &oci.File{
		Path: name, Type: header.Typeflag, Mode: withoutSetID(header.Mode),
		UID: header.Uid, GID: header.Gid, Link: header.Linkname,
	}
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeSymlink:
	case tar.TypeLink:
		file.Link = merged(clean(header.Linkname))
	case tar.TypeReg:
		data, err := io.ReadAll(content)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		file.Content = data
	default:
		return nil, fmt.Errorf("%s: got tar entry of type %q, want a file, folder or link", name, header.Typeflag)
	}
	return file, nil
}

// withoutSetID removes setuid and setgid and keeps the sticky bit.
func withoutSetID(mode int64) int64 { return mode &^ 0o6000 & 0o7777 }

func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

// merged moves a path below /bin, /lib, /lib64 and /sbin to the targets of
// these symlinks, below /usr.
func merged(name string) string {
	first, rest, below := strings.Cut(name, "/")
	switch first {
	case "bin", "lib", "lib64", "sbin":
		if below {
			return path.Join("usr", first, rest)
		}
	}
	return name
}

func (t tree) add(file *oci.File) error {
	old, ok := t[file.Path]
	switch {
	case !ok:
		t[file.Path] = file
	case file.Type == tar.TypeDir && (old.Type == tar.TypeDir || old.Type == tar.TypeSymlink):
		// The first package with a folder sets its mode.
	case old.Type == file.Type && old.Link == file.Link && bytes.Equal(old.Content, file.Content):
	default:
		return fmt.Errorf("two packages have different files at /%s", file.Path)
	}
	return nil
}

// file adds a regular file, owned by root, and its parent folders.
func (t tree) file(name string, mode int64, content []byte) {
	t.put(&oci.File{Path: name, Type: tar.TypeReg, Mode: mode, Content: content})
}

// folder adds a folder, or changes the mode and owner of an existing one.
func (t tree) folder(name string, mode int64, uid, gid int) {
	t.put(&oci.File{Path: name, Type: tar.TypeDir, Mode: mode, UID: uid, GID: gid})
}

func (t tree) symlink(name, to string) {
	t.put(&oci.File{Path: name, Type: tar.TypeSymlink, Mode: 0o777, Link: to})
}

func (t tree) put(file *oci.File) {
	t[file.Path] = file
	for dir := path.Dir(file.Path); dir != "." && t[dir] == nil; dir = path.Dir(dir) {
		t[dir] = &oci.File{Path: dir, Type: tar.TypeDir, Mode: 0o755}
	}
}

// glob returns the paths that match, in order.
func (t tree) glob(pattern string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if ok, _ := path.Match(pattern, name); ok {
			found = append(found, name)
		}
	}
	return found
}

// check finds dangling links to dropped files: all hard links, and symlinks in
// the folders of PATH.
func (t tree) check() error {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		file := t[name]
		if file.Type == tar.TypeLink && t[file.Link] == nil {
			return fmt.Errorf("/%s is a hard link to /%s, which is not there", name, file.Link)
		}
		if file.Type == tar.TypeSymlink && path.Dir(name) == "usr/bin" && !t.leadsSomewhere(name) {
			return fmt.Errorf("/%s is a symlink to %s, which is not there", name, file.Link)
		}
	}
	return nil
}

func (t tree) leadsSomewhere(name string) bool {
	for range 40 {
		file := t[name]
		if file == nil || file.Type != tar.TypeSymlink {
			return file != nil
		}
		if path.IsAbs(file.Link) {
			name = merged(clean(file.Link))
		} else {
			name = merged(clean(path.Join(path.Dir(name), file.Link)))
		}
	}
	return false
}

func (t tree) files() []oci.File {
	files := make([]oci.File, 0, len(t))
	for _, file := range t {
		files = append(files, *file)
	}
	return files
}

// size is the sum of the files' sizes in bytes.
func (t tree) size() int64 {
	var sum int64
	for _, file := range t {
		sum += int64(len(file.Content))
	}
	return sum
}
