// Package rootfs unpacks Debian packages into a layer's folder, as if it were the
// root of a file system, and makes their links resolve inside it.
package rootfs

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of a layer.
const (
	maxBytes   = 8 << 30
	maxEntries = 500_000
)

// Root is a layer's folder. Paths in it are relative, with slashes: "usr/bin/sh".
type Root struct {
	Dir string // the folder, at the place where the app image has it

	root    *os.Root
	pending map[string]string // symlinks to make: targets as packages have them, by path
	outside map[string]string // made symlinks that lead out of the layer: absolute targets
	bytes   int64
	entries int
}

// Open opens a folder, which must exist. Close it in the end.
func Open(dir string) (*Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Root{Dir: dir, root: root, pending: map[string]string{}, outside: map[string]string{}}, nil
}

// Close releases the folder.
func (r *Root) Close() error { return r.root.Close() }

// Clean turns an absolute path, or one from the root, into a path in the layer. It
// moves what is below /bin, /lib, /lib64 and /sbin to /usr, as Debian does. It is "."
// for the root.
func Clean(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	switch first, rest, below := strings.Cut(name, "/"); first {
	case "bin", "lib", "lib64", "sbin":
		if below {
			return path.Join("usr", first, rest)
		}
	case "":
		return "."
	}
	return name
}

// Add unpacks the files that a package installs, without its symlinks, which
// [Root.Link] makes when all packages are there. All files are the build's user's;
// setuid and setgid are taken away.
func (r *Root) Add(archive *tar.Reader) error {
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if slices.Contains(strings.Split(header.Name, "/"), "..") {
			return fmt.Errorf("got the path %q, want one without \"..\"", header.Name)
		}
		name := Clean(header.Name)
		if name == "." || Dropped(name) {
			continue
		}
		if r.entries++; r.entries > maxEntries {
			return fmt.Errorf("the packages have more than %d files", maxEntries)
		}
		if err := r.add(name, header, archive); err != nil {
			return err
		}
	}
}

func (r *Root) add(name string, header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeDir:
		return r.root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		target := header.Linkname
		if original := path.Clean("/" + header.Name); original != "/"+name && !path.IsAbs(target) {
			target = path.Join(path.Dir(original), target) // as seen from where the package has the link
		}
		if known, ok := r.pending[name]; ok && known != target {
			return fmt.Errorf("two packages have different links at /%s: to %s and %s", name, known, target)
		}
		r.pending[name] = target
		return nil
	}
	if err := r.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeLink:
		return r.root.Link(Clean(header.Linkname), name)
	case tar.TypeReg:
		if r.bytes += header.Size; r.bytes > maxBytes {
			return fmt.Errorf("the packages have more than %d bytes", int64(maxBytes))
		}
		return r.write(name, fs.FileMode(header.Mode)&0o777, content)
	}
	return fmt.Errorf("/%s: got an entry of type %q, want a file, folder or link", name, header.Typeflag)
}

// write writes a new file.
func (r *Root) write(name string, mode fs.FileMode, content io.Reader) error {
	file, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if chmodErr := file.Chmod(mode | 0o400); err == nil {
		err = chmodErr
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Write writes a file with the folders above it, in place of any that is there.
func (r *Root) Write(name, text string, mode fs.FileMode) error {
	if err := r.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := r.root.RemoveAll(name); err != nil {
		return err
	}
	return r.write(name, mode, strings.NewReader(text))
}

// Link makes the packages' symlinks.
func (r *Root) Link() error {
	for _, name := range slices.Sorted(maps.Keys(r.pending)) {
		if err := r.Symlink(name, r.pending[name]); err != nil {
			return err
		}
	}
	clear(r.pending)
	return nil
}

// Symlink makes a symlink with a target as a root file system would have it. A
// target in the layer becomes a relative one; any other is the run image's. A folder
// that is there stays, as with dpkg.
func (r *Root) Symlink(name, target string) error {
	if info, err := r.root.Lstat(name); err == nil {
		switch {
		case info.IsDir():
			return nil
		case info.Mode()&fs.ModeSymlink == 0:
			return fmt.Errorf("two packages have a file and a link at /%s", name)
		}
		if err := r.root.Remove(name); err != nil {
			return err
		}
	}
	absolute := target
	if !path.IsAbs(target) {
		absolute = "/" + path.Join(path.Dir(name), target)
	}
	inside := Clean(absolute)
	link := path.Clean(absolute)
	if r.has(inside) {
		relative, err := filepath.Rel(path.Dir(name), inside)
		if err != nil {
			return err
		}
		link = filepath.ToSlash(relative)
	} else {
		r.outside[name] = link
	}
	if err := r.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return r.root.Symlink(link, name)
}

// Relink makes links that led out of the layer lead into it where their target has
// come since.
func (r *Root) Relink() error {
	for _, name := range slices.Sorted(maps.Keys(r.outside)) {
		target := r.outside[name]
		if !r.has(Clean(target)) {
			continue
		}
		delete(r.outside, name)
		if err := r.Symlink(name, target); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a path is in the layer, or will be.
func (r *Root) has(name string) bool {
	if _, err := r.root.Lstat(name); err == nil && name != "." {
		return true
	}
	_, ok := r.pending[name]
	return ok
}

// Stat follows links within the layer. A link out of it is an error, as is a path
// that is not there.
func (r *Root) Stat(name string) (fs.FileInfo, error) { return r.root.Stat(name) }

// Lstat does not follow a link.
func (r *Root) Lstat(name string) (fs.FileInfo, error) { return r.root.Lstat(name) }

// FS is the layer as a file system.
func (r *Root) FS() fs.FS { return r.root.FS() }

// OpenFile opens a file for reading.
func (r *Root) OpenFile(name string) (*os.File, error) { return r.root.Open(name) }

// Mkdir makes a folder and those above it.
func (r *Root) Mkdir(name string) error { return r.root.MkdirAll(name, 0o755) }

// Remove removes a file, a link or an empty folder.
func (r *Root) Remove(name string) error {
	delete(r.outside, name)
	return r.root.Remove(name)
}

// Readlink returns a link's target as it is in the layer.
func (r *Root) Readlink(name string) (string, error) { return r.root.Readlink(name) }
