//go:build linux

package unpack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Content says what unpacking an archive has made of a folder.
type Content struct {
	Sum   string            `json:"sum"`             // SHA-256 of the files' names and contents; empty if that does not tell all
	Modes map[string]uint32 `json:"modes,omitempty"` // before the umask, of files where it is another than defaultMode
}

// defaultMode is the mode of most files.
const defaultMode = 0o666

// content returns what was unpacked. Whether a file keeps a set-user-ID bit while it
// is written depends on the user.
func (u *unpacker) content() Content {
	for _, mode := range u.modes {
		if mode > 0o777 {
			return Content{}
		}
	}
	return Content{Sum: u.sums.total(), Modes: u.modes}
}

// sums are the SHA-256 of files, by path.
type sums map[string][sha256.Size]byte

// add adds the contents of a hash.
func (s sums) add(name string, h hash.Hash) { s[name] = [sha256.Size]byte(h.Sum(nil)) }

// total is a digest of all names and contents.
func (s sums) total() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s)) {
		sum := s[name]
		fmt.Fprintf(h, "%d:%s", len(name), name)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// inModules is where the archive of a package has those that it bundles.
const inModules = "node_modules"

// errChanged is the error for a folder that is not as it was made.
var errChanged = errors.New("the folder is not as it was made")

// Restore reports whether a folder has exactly the files that unpacking has made in
// it, after it gave them the modes of then. It does not look at what is in the
// folder's node_modules. Packages with a node_modules of their own are never as they
// were. Errors are those of the file system.
func (c Content) Restore(dir string, umask fs.FileMode) (bool, error) {
	found, folders, buffer := sums{}, map[string]bool{}, buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	if c.Sum == "" {
		return false, nil
	}
	err := filepath.WalkDir(dir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(place, dir), "/")
		if name == inModules && entry.IsDir() {
			return fs.SkipDir
		}
		if entry.IsDir() {
			folders[name] = true
			return setMode(place, entry, 0o777&^umask)
		}
		mode, odd := c.Modes[name]
		if !odd {
			mode = defaultMode
		}
		if err := setMode(place, entry, fs.FileMode(mode)&^umask); err != nil {
			return err
		}
		return found.read(name, place, *buffer)
	})
	if errors.Is(err, errChanged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for name := range found {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			delete(folders, dir)
		}
	}
	delete(folders, "")
	return len(folders) == 0 && found.total() == c.Sum, nil
}

// setMode gives a file or a folder a mode, if it has another one. Other kinds, and
// files with several names, are changed.
func setMode(place string, entry fs.DirEntry, mode fs.FileMode) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	var stat unix.Stat_t
	if err := unix.Lstat(place, &stat); err != nil {
		return &fs.PathError{Op: "lstat", Path: place, Err: err}
	}
	if !info.IsDir() && (!info.Mode().IsRegular() || stat.Nlink != 1) {
		return errChanged
	}
	if want := uint32(mode) & 0o7777; stat.Mode&0o7777 != want {
		return unix.Chmod(place, want)
	}
	return nil
}

// read adds a file's content.
func (s sums) read(name, place string, buffer []byte) error {
	file, err := os.OpenFile(place, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{file}, buffer); err != nil {
		return err
	}
	s.add(name, h)
	return nil
}
