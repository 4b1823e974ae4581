// Package archive unpacks selected parts of gzipped tar archives, or copies
// them from an unpacked archive. It never writes outside the given folder.
package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/files/interrupt"
)

// Selection says which entries of an archive to unpack, and where to. Names are
// without the archive's first folder (node-v24.1.0-linux-arm64/, package/),
// which every archive here has; they use slashes.
type Selection struct {
	Files map[string]string      // entry to path below the destination; each must exist
	Dirs  map[string]string      // folder ("" is the whole archive) to folder below the destination; each must hold something
	Skip  func(name string) bool // entries of the folders to leave out; nil for none
}

// Unpack unpacks the selected entries of the archive at archivePath into dir,
// which must exist. If archivePath is a folder, it has the archive's content
// below its first folder, and Unpack copies from it. Folders and executables
// get the mode 0755, other files 0644. An entry or link that would leave dir,
// and any kind other than file, folder and symbolic link, is an error. After an
// error, files that were already unpacked stay: use a temporary folder. A full
// disk is a failure with the id disk-full. Unpack stops when ctx is done.
func Unpack(ctx context.Context, archivePath, dir string, selection Selection) error {
	file, err := os.Open(archivePath)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = copyFolder(ctx, archivePath, dir, selection)
	} else {
		err = unpack(interrupt.Reader(ctx, file), dir, selection)
	}
	if err != nil {
		return fetch.DiskFull("unpacking "+filepath.Base(archivePath), err)
	}
	return nil
}

func unpack(r io.Reader, dir string, selection Selection) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	zipped, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<20))
	if err != nil {
		return err
	}
	u := newUnpacker(root, selection)
	for entries := tar.NewReader(zipped); !u.complete(); {
		header, err := entries.Next()
		if err == io.EOF {
			if err := u.missing(); err != nil {
				return err
			}
			break
		}
		if err != nil {
			return err
		}
		if err := u.entry(header, entries); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	return u.checkLinks()
}

type unpacker struct {
	Selection
	root *os.Root          // refuses every path outside it
	left map[string]string // files not found yet
	seen map[string]bool   // folders of the selection with content

	links []string // that were created
}

func newUnpacker(root *os.Root, selection Selection) *unpacker {
	return &unpacker{root: root, left: maps.Clone(selection.Files), seen: map[string]bool{}, Selection: selection}
}

// complete reports whether the rest of the archive cannot be selected.
func (u *unpacker) complete() bool { return len(u.left) == 0 && len(u.Dirs) == 0 }

func (u *unpacker) missing() error {
	names := slices.Collect(maps.Keys(u.left))
	for dir := range u.Dirs {
		if !u.seen[dir] {
			names = append(names, dir+"/")
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("the archive has no %s", strings.Join(names, ", "))
}

func (u *unpacker) entry(header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeXGlobalHeader || header.Typeflag == tar.TypeDir {
		return nil // folders are made for their content
	}
	if !filepath.IsLocal(filepath.FromSlash(header.Name)) {
		return errors.New("it would be unpacked outside of its folder")
	}
	_, name, found := strings.Cut(path.Clean(header.Name), "/")
	if !found {
		return nil
	}
	to, err := u.place(name)
	if to == "" || err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeReg:
		return u.file(to, header.FileInfo().Mode(), content)
	case tar.TypeSymlink:
		return u.link(to, header.Linkname)
	}
	return fmt.Errorf("its kind is %q, want a file, a folder or a symbolic link", header.Typeflag)
}

// place makes the parent folder of an entry, and returns the entry's path, or
// "" if it is not selected.
func (u *unpacker) place(name string) (string, error) {
	to, wanted := u.destination(name)
	if !wanted {
		return "", nil
	}
	to = filepath.FromSlash(to)
	return to, u.root.MkdirAll(filepath.Dir(to), 0o755)
}

// destination returns the path of an entry, and whether it is selected.
func (u *unpacker) destination(name string) (string, bool) {
	if to, ok := u.Files[name]; ok {
		delete(u.left, name)
		return to, true
	}
	for dir, to := range u.Dirs {
		inside, ok := strings.CutPrefix(name, dir)
		if dir != "" {
			if !strings.HasPrefix(inside, "/") {
				continue
			}
		}
		if ok && (u.Skip == nil || !u.Skip(name)) {
			u.seen[dir] = true
			return path.Join(to, strings.TrimPrefix(inside, "/")), true
		}
	}
	return "", false
}

func (u *unpacker) file(to string, mode os.FileMode, content io.Reader) error {
	perm := os.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	file, err := u.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(perm); err != nil { // whatever the umask
		return err
	}
	return file.Close()
}

func (u *unpacker) link(to, points string) error {
	if path.IsAbs(points) || !filepath.IsLocal(filepath.Join(filepath.Dir(to), filepath.FromSlash(points))) {
		return fmt.Errorf("it links to %q, outside of its folder", points)
	}
	u.links = append(u.links, to)
	return u.root.Symlink(points, to)
}

// checkLinks follows every link once all exist: a link that looks local can
// leave the folder through another.
func (u *unpacker) checkLinks() error {
	for _, to := range u.links {
		if _, err := u.root.Stat(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("following the link %s: %w", to, err)
		}
	}
	return nil
}
