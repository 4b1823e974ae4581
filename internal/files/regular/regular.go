// Package regular reads files that somebody else has made. What such a folder
// holds may be meant to do harm: links that lead out of it, pipes and devices
// that never end, files of any size. Here nothing is read but regular files
// inside a folder, and of them no more than a caller has use for.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/armature-cnb/armature/internal/failure"
)

// Open opens a regular file. Links are followed inside the root, and lead
// nowhere else. It never waits, as opening a pipe would.
func Open(root *os.Root, path string) (*os.File, error) {
	info, err := root.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := check(path, info); err != nil { // opening a device may do something
		return nil, err
	}
	file, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat() // it may be another one by now
	if err == nil {
		err = check(path, info)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func check(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is %s, want a regular file", kind(info.Mode()))}
	}
	return nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "something else"
}

// Read returns what is in a regular file, see [Open]. One of more than most
// bytes is an error.
func Read(root *os.Root, path string, most int64) ([]byte, error) {
	file, err := Open(root, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file, path, most)
}

// read returns what is in a file, unless that is more than most bytes: where its
// size says so, nothing is read.
func read(file *os.File, path string, most int64) ([]byte, error) {
	large := &fs.PathError{Op: "read", Path: path, Err: largeError(most)}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Size() > most {
		return nil, large
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, large
	}
	return text, nil
}

// largeError is that of a file with more than so many bytes.
type largeError int64

func (e largeError) Error() string { return fmt.Sprintf("it has more than %d bytes", int64(e)) }

// TooLarge makes a [failure.Failure] of an error of a file of the app that has too
// many bytes; any other stays as it is.
func TooLarge(err error) error {
	var large largeError
	if !errors.As(err, &large) {
		return err
	}
	return &failure.Failure{
		ID: "app-file-too-large", Cause: "reading a file of the app", Err: err,
		Remedy: "make it smaller, or leave it out of the app with .dockerignore or exclude of project.toml.",
	}
}

// mostText is more than any text has that people or package managers write.
const mostText = 64 << 20

// ReadFile returns what is in a file, like [os.ReadFile], of a folder whose links
// may lead to devices: it neither waits for a pipe's other end nor reads what has
// more than 64 MiB, as /dev/zero does. A link that leads to nothing is an error, but
// not [fs.ErrNotExist]: whoever made it has the file, and misses it in the build.
func ReadFile(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if to, linkErr := os.Readlink(path); linkErr == nil && errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is a link to %s, and the build has nothing there", to)}
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file, path, mostText)
}
