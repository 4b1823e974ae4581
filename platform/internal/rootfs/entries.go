//go:build linux

package rootfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// The names of whiteouts (OCI image spec, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// maxPath is the maximal length in bytes of a path that a program can open
// (PATH_MAX in limits.h); a tar header can hold a million.
const maxPath = 4096

func (u *unpacker) entries(archive *tar.Reader) error {
	u.layer = map[string]bool{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue // metadata of the archive
		}
		if length := max(len(header.Name), len(header.Linkname)); length > maxPath {
			return fmt.Errorf("a path has %d bytes, want at most %d", length, maxPath)
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		if name == "" || header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := u.entry(name, header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func (u *unpacker) entry(name string, header *tar.Header, content io.Reader) error {
	parent, err := u.cursor.enter(path.Dir(name))
	if err != nil {
		return err
	}
	base := path.Base(name)
	switch {
	case base == opaque:
		return u.empty(parent)
	case strings.HasPrefix(base, whiteout):
		gone := strings.TrimPrefix(base, whiteout)
		if gone == "" || gone == "." || gone == ".." {
			return errors.New("a whiteout of nothing in its folder")
		}
		return u.remove(path.Join(parent, gone))
	}
	name = path.Join(parent, base)
	u.layer[name] = true
	switch header.Typeflag {
	case tar.TypeDir:
		return u.makeFolder(name, header)
	case tar.TypeReg:
		return u.makeFile(name, header, content)
	case tar.TypeSymlink:
		return u.makeLink(name, header)
	case tar.TypeLink:
		return u.makeHardLink(name, header)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return u.remove(name)
	}
	return fmt.Errorf("a tar entry of type %q, want a file, folder or link", header.Typeflag)
}

// create creates an entry, replacing an earlier one with the same name.
func (u *unpacker) create(name string, maker func(parent *os.Root, base string) error) error {
	for again := false; ; again = true {
		parent, err := u.cursor.parent(name)
		if err != nil {
			return err
		}
		err = maker(parent, path.Base(name))
		if again || !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := u.remove(name); err != nil {
			return err
		}
	}
}

func (u *unpacker) makeFolder(name string, header *tar.Header) error {
	err := u.create(name, func(parent *os.Root, base string) error {
		err := parent.Mkdir(base, 0o755)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return err
		}
		if info, statErr := parent.Lstat(base); statErr == nil && info.IsDir() {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	u.modes[name] = header.FileInfo().Mode() & (fs.ModePerm | fs.ModeSticky)
	return u.own(name, header)
}

func (u *unpacker) makeFile(name string, header *tar.Header, content io.Reader) error {
	var file *os.File
	err := u.create(name, func(parent *os.Root, base string) (err error) {
		file, err = parent.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	defer file.Close()
	if err := u.room.take(file, header.Size); err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{file}, content, u.copied); err != nil {
		return err
	}
	if u.options.Owners {
		if err := file.Chown(header.Uid, header.Gid); err != nil {
			return err
		}
	}
	if err := file.Chmod(header.FileInfo().Mode() & fs.ModePerm); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	parent, err := u.cursor.parent(name)
	if err != nil {
		return err
	}
	return parent.Chtimes(path.Base(name), header.ModTime, header.ModTime)
}

func (u *unpacker) makeLink(name string, header *tar.Header) error {
	err := u.create(name, func(parent *os.Root, base string) error { return parent.Symlink(header.Linkname, base) })
	if err != nil {
		return err
	}
	return u.own(name, header)
}

// makeHardLink makes a hard link to an existing file.
func (u *unpacker) makeHardLink(name string, header *tar.Header) error {
	other := strings.TrimPrefix(path.Clean("/"+header.Linkname), "/")
	if err := u.remove(name); err != nil {
		return err
	}
	parent, err := u.cursor.folder(path.Dir(other))
	if err != nil {
		return err
	}
	return u.root.Link(path.Join(parent, path.Base(other)), name)
}

func (u *unpacker) own(name string, header *tar.Header) error {
	if !u.options.Owners {
		return nil
	}
	parent, err := u.cursor.parent(name)
	if err != nil {
		return err
	}
	return parent.Lchown(path.Base(name), header.Uid, header.Gid)
}

// remove removes an earlier entry, if any.
func (u *unpacker) remove(name string) error {
	parent, err := u.cursor.parent(name)
	if err != nil {
		return err
	}
	info, err := parent.Lstat(path.Base(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	u.cursor.close() // it may have been part of the open folder's path
	if !info.IsDir() {
		return u.root.Remove(name)
	}
	for at := range u.modes {
		if at == name || strings.HasPrefix(at, name+"/") {
			delete(u.modes, at)
		}
	}
	return u.root.RemoveAll(name)
}

// empty removes the content that earlier layers put into a folder.
func (u *unpacker) empty(name string) error {
	folder, err := u.root.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if at := path.Join(name, entry.Name()); !u.layer[at] {
			if err := u.remove(at); err != nil {
				return err
			}
		}
	}
	return nil
}
