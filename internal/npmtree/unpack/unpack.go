//go:build linux

// Package unpack unpacks the archive of an npm package into a folder as npm does:
// regular files only, without the first folder of their paths, with npm's modes.
package unpack

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// OddError is the error for an archive that npm may unpack in another way than this
// package, if at all.
type OddError struct{ Reason string }

func (e *OddError) Error() string { return e.Reason }

func odd(format string, args ...any) error { return &OddError{Reason: fmt.Sprintf(format, args...)} }

// maxDepth is how many folders deep npm unpacks files.
const maxDepth = 1024

// Into unpacks an archive into a folder, which is there and has no files. The
// programs, paths in the folder, become executable. Errors are [*OddError], and
// those of the file system. The umask of the process counts. The content is empty
// unless noted asks for it, since that takes a digest of every file.
func Into(dir string, archive io.Reader, programs []string, noted bool) (Content, error) {
	u := &unpacker{
		dir: dir, folders: map[string]bool{".": true}, files: map[string]bool{}, ignores: map[string]bool{}, programs: map[string]bool{},
		noted: noted, sums: sums{}, modes: map[string]uint32{},
	}
	for _, name := range programs {
		u.programs[name] = true
	}
	reader, err := decompress(archive)
	if err != nil {
		return Content{}, err
	}
	defer reader.Close()
	if err := u.all(tar.NewReader(reader)); err != nil {
		return Content{}, err
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return Content{}, odd("the archive is damaged: %s", err)
	}
	if !u.noted {
		return Content{}, nil
	}
	return u.content(), nil
}

// decompress reads gzip, and an archive without compression as it is.
func decompress(archive io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(archive, 64<<10)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, odd("the archive is empty")
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return io.NopCloser(buffered), nil
	}
	reader, err := newMembers(buffered)
	if err != nil {
		return nil, odd("the archive is no gzip: %s", err)
	}
	return reader, nil
}

type unpacker struct {
	dir      string
	folders  map[string]bool // that are there
	files    map[string]bool // that are there
	ignores  map[string]bool // the paths of .npmignore so far
	programs map[string]bool
	noted    bool // the sums and modes are asked for
	sums     sums
	modes    map[string]uint32 // see [Content.Modes]
}

func (u *unpacker) all(archive *tar.Reader) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return odd("the archive is damaged: %s", err)
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeCont {
			if err := skip(header); err != nil {
				return err
			}
			continue
		}
		name, err := u.target(header.Name)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if err := u.write(name, u.mode(header), archive, *buffer); err != nil {
			return err
		}
	}
}

// buffers are for copying files.
var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// skip ignores what npm ignores: folders, links, and global headers.
func skip(header *tar.Header) error {
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeSymlink, tar.TypeLink, tar.TypeXGlobalHeader:
		return nil
	}
	return odd("the archive has %s of the kind %q", header.Name, header.Typeflag)
}

// target returns where a file goes, or "" if npm does not unpack it.
func (u *unpacker) target(name string) (string, error) {
	if strings.ContainsAny(name, "\\\x00") {
		return "", odd("the archive has a file %q", name)
	}
	switch path.Base(name) {
	case ".npmignore":
		u.ignores[name] = true
	case ".gitignore":
		renamed := strings.TrimSuffix(name, ".gitignore") + ".npmignore"
		if u.ignores[renamed] {
			return "", nil
		}
		name = renamed
	}
	_, rest, _ := strings.Cut(name, "/")
	if strings.HasPrefix(rest, "/") || isDrive(rest) {
		return "", odd("the archive has a file %q", name)
	}
	parts := strings.Split(rest, "/")
	for _, part := range parts {
		if part == ".." {
			return "", nil
		}
	}
	if len(parts) > maxDepth {
		return "", nil
	}
	if rest = path.Clean(rest); rest == "." {
		return "", nil
	}
	return rest, nil
}

// isDrive reports whether a path begins with a drive of Windows, which npm takes
// off.
func isDrive(name string) bool { return len(name) > 1 && name[1] == ':' }

// mode returns a file's mode: readable and writable for everybody, before the
// umask.
func (u *unpacker) mode(header *tar.Header) uint32 {
	mode := uint32(header.Mode)&0o7777 | 0o666
	_, inside, _ := strings.Cut(header.Name, "/")
	if u.programs[inside] {
		mode |= 0o111
	}
	return mode
}

// write writes a file. One that is already there keeps its mode, as with npm.
func (u *unpacker) write(name string, mode uint32, from io.Reader, buffer []byte) error {
	if err := u.makeFolder(path.Dir(name)); err != nil {
		return err
	}
	if u.folders[name] {
		return odd("the archive has %s as a file and as a folder", name)
	}
	place := u.dir + "/" + name
	fd, err := unix.Open(place, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC|unix.O_NOFOLLOW, mode)
	if err != nil {
		return &fs.PathError{Op: "open", Path: place, Err: err}
	}
	if !u.files[name] && mode != defaultMode {
		u.modes[name] = mode
	}
	u.files[name] = true
	file := os.NewFile(uintptr(fd), place)
	reader := &source{from: from}
	to, sum := struct{ io.Writer }{file}, sha256.New()
	if u.noted {
		to.Writer = io.MultiWriter(file, sum)
	}
	_, err = io.CopyBuffer(to, reader, buffer)
	if u.noted {
		u.sums.add(name, sum)
	}
	if reader.err != nil {
		err = odd("the archive is damaged: %s", reader.err)
	}
	return errors.Join(err, file.Close())
}

// source tells errors of the archive from those of the disk.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// makeFolder makes a folder and those around it.
func (u *unpacker) makeFolder(name string) error {
	if u.folders[name] {
		return nil
	}
	if err := u.makeFolder(path.Dir(name)); err != nil {
		return err
	}
	if u.files[name] {
		return odd("the archive has %s as a file and as a folder", name)
	}
	// A package's node_modules may be there already.
	if err := unix.Mkdir(u.dir+"/"+name, 0o777); err != nil && !errors.Is(err, unix.EEXIST) {
		return &fs.PathError{Op: "mkdir", Path: u.dir + "/" + name, Err: err}
	}
	u.folders[name] = true
	return nil
}
