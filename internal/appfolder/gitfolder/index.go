// Package gitfolder reads which files of an app's folder git tracks and
// ignores. It needs no git, runs nothing, and reads nothing outside the folder.
package gitfolder

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Name is git's folder or, in a worktree and a submodule, a file with its path.
const Name = ".git"

// maxIndex is the largest index that is read, in bytes: some two million files.
const maxIndex = 256 << 20

// Tracks reports whether git tracks a file or folder of the app, a path with
// slashes, or anything below it. Known is false without an index in the app:
// without a repository, or if its index is elsewhere.
func Tracks(app, folder string) (tracked, known bool) {
	root, err := os.OpenRoot(app)
	if err != nil {
		return false, false
	}
	defer root.Close()
	for top := path.Dir(path.Clean(folder)); ; top = path.Dir(top) {
		if _, err := root.Lstat(path.Join(top, Name)); err == nil {
			return tracks(root, gitDir(root, top), below(top, folder))
		}
		if top == "." {
			return false, false
		}
	}
}

// below returns the path of a folder relative to an ancestor.
func below(top, folder string) string {
	if top == "." {
		return path.Clean(folder)
	}
	return strings.TrimPrefix(path.Clean(folder), top+"/")
}

// gitDir returns the repository of the working tree in top.
func gitDir(root *os.Root, top string) string {
	dir := path.Join(top, Name)
	text, err := read(root, dir, 4096)
	if err != nil {
		return dir // a folder
	}
	to := strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))
	if path.IsAbs(to) {
		return to // outside the app: an os.Root refuses it
	}
	return path.Join(top, to)
}

// read reads a file of at most most bytes.
func read(root *os.Root, name string, most int64) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, most)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

func tracks(root *os.Root, dir, folder string) (tracked, known bool) {
	shared := ""
	for _, name := range []string{"index", "sharedindex."} {
		if name != "index" {
			if shared == "" {
				break
			}
			name += shared // a split index has most entries there
		}
		text, err := read(root, path.Join(dir, name), maxIndex)
		if err != nil {
			return tracked, false
		}
		found, err := parse(text)
		if err != nil {
			return tracked, false
		}
		for _, entry := range found.entries {
			if entry == folder || strings.HasPrefix(entry, folder+"/") {
				return true, true
			}
			if strings.HasSuffix(entry, "/") && strings.HasPrefix(folder, entry) {
				return false, false // an entry for a folder that is not checked out
			}
		}
		shared = found.shared
	}
	return false, true
}

// index is the part of a git index that is read (gitformat-index(5), versions 2
// to 4).
type index struct {
	entries []string // paths; folders that are not checked out end in a slash
	shared  string   // the name of the shared index of a split index, or empty
}

var errTruncated = errors.New("it ends too soon")

func parse(text []byte) (index, error) {
	size := hashSize(text)
	if len(text) < 12+size || string(text[:4]) != "DIRC" {
		return index{}, errors.New("it is no index")
	}
	version, count := binary.BigEndian.Uint32(text[4:]), binary.BigEndian.Uint32(text[8:])
	if version < 2 || version > 4 {
		return index{}, fmt.Errorf("it has version %d, want 2, 3 or 4", version)
	}
	rest := text[12 : len(text)-size]
	var found index
	name := ""
	for range count {
		length, err := entry(rest, version, size, &name)
		if err != nil {
			return index{}, err
		}
		rest = rest[length:]
		found.entries = append(found.entries, name)
	}
	return found, found.extensions(rest, size)
}

// hashSize returns the length of an index's hashes; the last bytes are its own
// hash.
func hashSize(text []byte) int {
	if at := len(text) - sha256.Size; at > 0 {
		if sum := sha256.Sum256(text[:at]); bytes.Equal(sum[:], text[at:]) {
			return sha256.Size
		}
	}
	return sha1.Size
}

// statSize is the number of bytes of stat(2) data in an entry.
const statSize = 40

// entry reads an entry, and returns its length. It replaces name, the previous
// entry's path, with this entry's.
func entry(text []byte, version uint32, size int, name *string) (int, error) {
	at := statSize + size + 2
	if len(text) < at {
		return 0, errTruncated
	}
	if extended := text[at-2]&0x40 != 0; extended && version >= 3 {
		at += 2
	}
	kept := ""
	if version == 4 {
		strip, length := offset(text[min(at, len(text)):])
		if length == 0 || strip > len(*name) {
			return 0, errTruncated
		}
		kept, at = (*name)[:len(*name)-strip], at+length
	}
	end := bytes.IndexByte(text[min(at, len(text)):], 0)
	if end < 0 {
		return 0, errTruncated
	}
	*name = kept + string(text[at:at+end])
	at += end
	if version == 4 {
		return at + 1, nil
	}
	if at += 8 - at%8; at > len(text) { // one to eight bytes of zero
		return 0, errTruncated
	}
	return at, nil
}

// offset reads a variable-width number, as in packs; length is 0 if there is
// none.
func offset(text []byte) (value, length int) {
	for i, b := range text[:min(len(text), 4)] {
		value |= int(b & 0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
		value = (value + 1) << 7
	}
	return 0, 0
}

// extensions finds the extension that names a shared index.
func (i *index) extensions(text []byte, size int) error {
	for len(text) >= 8 {
		name, length := string(text[:4]), int(binary.BigEndian.Uint32(text[4:]))
		if length < 0 || length > len(text)-8 {
			return errTruncated
		}
		if name == "link" && length >= size {
			if hash := text[8 : 8+size]; !bytes.Equal(hash, make([]byte, size)) {
				i.shared = hex.EncodeToString(hash)
			}
		}
		text = text[8+length:]
	}
	return nil
}
