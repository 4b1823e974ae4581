//go:build linux

// Package rootfs unpacks container images into folders.
package rootfs

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/interrupt"
)

// Options say how files are made.
type Options struct {
	// Owners gives files the users and groups that the image says. It takes
	// root; without, everything belongs to whoever unpacks.
	Owners bool

	// Folders and Files are made, empty, where the image has nothing of the
	// name: what a sandbox binds something to.
	Folders, Files []string
}

// The names of whiteouts (OCI image spec, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// Unpack writes the file system of an image into the folder dir, which must be
// empty. Nothing is written outside of it, whatever the image's names and links
// say. Devices, pipes and sockets are left out; setuid and setgid bits too. A
// layer that is not what the image's configuration says is an error.
func Unpack(ctx context.Context, dir string, image v1.Image, options Options) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	if err := checkConfig(image); err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if got, want := len(layers), len(config.RootFS.DiffIDs); got != want {
		return fmt.Errorf("the image has %d layers, its configuration says %d", got, want)
	}
	u := newUnpacker(ctx, root, options)
	defer u.leave()
	if u.room.most, err = mostBytes(layers); err != nil {
		return err
	}
	pieces := pieces()
	for i, layer := range layers {
		if err := u.verified(layer, pieces, config.RootFS.DiffIDs[i]); err != nil {
			return fmt.Errorf("unpacking layer %d of %d: %w", i+1, len(layers), err)
		}
	}
	if err := u.points(); err != nil {
		return err
	}
	return u.close()
}

// checkConfig compares an image's configuration with the digest in its manifest,
// which a layout in a folder need not hold to: what is unpacked would go by the
// digest of another image.
func checkConfig(image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	text, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	got, _, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if want := manifest.Config.Digest; got != want {
		return fmt.Errorf("the image's configuration is %s, its manifest says %s", got, want)
	}
	return nil
}

// UnpackArchive writes what a tar archive holds into the folder dir, as [Unpack]
// does with a layer: nothing outside, and no devices.
func UnpackArchive(ctx context.Context, dir string, archive io.Reader) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := newUnpacker(ctx, root, Options{})
	u.room.most = alwaysAllowed
	defer u.leave()
	if err := u.entries(tar.NewReader(archive)); err != nil {
		return err
	}
	return u.close()
}

func newUnpacker(ctx context.Context, root *os.Root, options Options) *unpacker {
	return &unpacker{ctx: ctx, root: root, options: options, modes: map[string]fs.FileMode{}, copied: make([]byte, 1<<18)}
}

// unpacker is one image being unpacked.
type unpacker struct {
	ctx     context.Context
	root    *os.Root
	options Options
	modes   map[string]fs.FileMode // of folders, set when nothing more is written
	layer   map[string]bool        // what the current layer made, so that its whiteouts leave it
	copied  []byte                 // buffer
	room    room
	last    place
}

// place is the folder of the last entry, open. Most entries are in the same one
// as the one before, and finding it takes several calls for each of its parents.
type place struct {
	called string   // by the entry
	name   string   // its real path
	open   *os.Root // nil where there is none
}

// enter is [unpacker.folder], and leaves the folder open.
func (u *unpacker) enter(name string) (string, error) {
	if u.last.open != nil && u.last.called == name {
		return u.last.name, nil
	}
	found, err := u.folder(name)
	if err != nil {
		return "", err
	}
	return found, u.openPlace(name, found)
}

func (u *unpacker) openPlace(called, name string) error {
	u.leave()
	open, err := u.root.OpenRoot(name)
	if err == nil {
		u.last = place{called: called, name: name, open: open}
	}
	return err
}

// leave must be called when anything is removed: the folder's name may have led
// through it.
func (u *unpacker) leave() {
	if u.last.open != nil {
		u.last.open.Close()
	}
	u.last = place{}
}

// in returns the open folder of a real path.
func (u *unpacker) in(name string) (*os.Root, error) {
	if dir := path.Dir(name); u.last.open == nil || u.last.name != dir {
		if err := u.openPlace(dir, dir); err != nil {
			return nil, err
		}
	}
	return u.last.open, nil
}

// make makes what an entry is, in place of what an earlier one of the name made.
func (u *unpacker) make(name string, maker func(parent *os.Root, base string) error) error {
	for again := false; ; again = true {
		parent, err := u.in(name)
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

// verified unpacks a layer and compares what it read with its digest.
func (u *unpacker) verified(layer v1.Layer, pieces [][]byte, want v1.Hash) error {
	content, err := inflated(layer, pieces)
	if err != nil {
		return err
	}
	defer content.Close()
	sum, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return err
	}
	read := io.TeeReader(bufio.NewReaderSize(interrupt.Reader(u.ctx, content), 1<<20), sum)
	if err := u.entries(tar.NewReader(read)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, read); err != nil { // what follows the archive's end
		return err
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != want.Hex {
		return fmt.Errorf("its content is %s:%s, want %s", want.Algorithm, got, want)
	}
	return nil
}

// maxPath is the most bytes of a path that any program could open (PATH_MAX in
// limits.h); a tar's header can hold a million.
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
			continue // says something of the archive, and is no file
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
	parent, err := u.enter(path.Dir(name))
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

// maxLinks is how many symbolic links may stand in one another's way, as in
// path_resolution(7).
const maxLinks = 40

// folder returns the real path of a folder, made if it is not there: links on
// the way are followed as they would be inside, where / is the root.
func (u *unpacker) folder(name string) (string, error) {
	done, rest := ".", name
	for links := 0; rest != "" && rest != "."; {
		var next string
		next, rest, _ = strings.Cut(rest, "/")
		if next == ".." {
			done = path.Dir(done)
			continue
		}
		at := path.Join(done, next)
		info, err := u.root.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := u.root.Mkdir(at, 0o755); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				return "", fmt.Errorf("%s: too many symbolic links", name)
			}
			to, err := u.root.Readlink(at)
			if err != nil {
				return "", err
			}
			if path.IsAbs(to) {
				done = "."
			}
			rest = path.Join(strings.TrimPrefix(to, "/"), rest)
			continue
		case !info.IsDir():
			return "", fmt.Errorf("%s of the image is %w", at, errNotFolder)
		}
		done = at
	}
	return done, nil
}

// remove takes away what an earlier entry made, if anything.
func (u *unpacker) remove(name string) error {
	parent, err := u.in(name)
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
	u.leave()
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

// empty removes what earlier layers put into a folder.
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

func (u *unpacker) makeFolder(name string, header *tar.Header) error {
	err := u.make(name, func(parent *os.Root, base string) error {
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
	err := u.make(name, func(parent *os.Root, base string) (err error) {
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
	parent, err := u.in(name)
	if err != nil {
		return err
	}
	return parent.Chtimes(path.Base(name), header.ModTime, header.ModTime)
}

func (u *unpacker) makeLink(name string, header *tar.Header) error {
	err := u.make(name, func(parent *os.Root, base string) error { return parent.Symlink(header.Linkname, base) })
	if err != nil {
		return err
	}
	return u.own(name, header)
}

// makeHardLink links a file that is there already.
func (u *unpacker) makeHardLink(name string, header *tar.Header) error {
	other := strings.TrimPrefix(path.Clean("/"+header.Linkname), "/")
	if err := u.remove(name); err != nil {
		return err
	}
	parent, err := u.folder(path.Dir(other))
	if err != nil {
		return err
	}
	return u.root.Link(path.Join(parent, path.Base(other)), name)
}

func (u *unpacker) own(name string, header *tar.Header) error {
	if !u.options.Owners {
		return nil
	}
	parent, err := u.in(name)
	if err != nil {
		return err
	}
	return parent.Lchown(path.Base(name), header.Uid, header.Gid)
}

// A PointError is that one of the options' folders and files cannot be, because
// the image has something else there.
type PointError struct {
	Point string // as the options have it
	Err   error
}

func (e *PointError) Error() string { return e.Point + ": " + e.Err.Error() }
func (e *PointError) Unwrap() error { return e.Err }

// errNotFolder is that a file is where a folder is to be.
var errNotFolder = errors.New("not a folder")

// points makes what the image lacks of the options' folders and files.
func (u *unpacker) points() error {
	for _, name := range u.options.Folders {
		at, err := u.folder(strings.TrimPrefix(path.Clean("/"+name), "/"))
		if errors.Is(err, errNotFolder) {
			return &PointError{name, err}
		}
		if err != nil {
			return err
		}
		if _, set := u.modes[at]; !set {
			u.modes[at] = 0o755
		}
	}
	for _, name := range u.options.Files {
		parent, err := u.folder(strings.TrimPrefix(path.Dir(path.Clean("/"+name)), "/"))
		if errors.Is(err, errNotFolder) {
			return &PointError{name, err}
		}
		if err != nil {
			return err
		}
		at := path.Join(parent, path.Base(name))
		switch info, err := u.root.Lstat(at); {
		case err == nil && info.Mode().IsRegular():
			continue
		case err == nil && info.IsDir():
			return &PointError{name, fmt.Errorf("%s of the image is a folder, want a file", at)}
		}
		if err := u.remove(at); err != nil { // resolv.conf is a link in many images
			return err
		}
		if err := u.root.WriteFile(at, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// close gives folders their modes, innermost first: who may not enter a folder
// cannot change what is in it.
func (u *unpacker) close() error {
	names := slices.Sorted(maps.Keys(u.modes))
	for _, name := range slices.Backward(names) { // a folder's name sorts before those in it
		if err := u.root.Chmod(name, u.modes[name]); err != nil {
			return err
		}
	}
	return nil
}
