// Package regular reads untrusted files. An untrusted folder may have links out
// of it, pipes and devices without an end, and files of any size. This package
// reads only regular files inside a folder, up to a limit.
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

// Open opens a regular file. It follows links inside the root only. It never
// blocks, as opening a pipe would.
func Open(root *os.Root, path string) (*os.File, error) {
	info, err := root.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := check(path, info); err != nil { // opening a device may have effects
		return nil, err
	}
	file, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat() // it may have been replaced
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

// Read returns the content of a regular file, see [Open]. More than most bytes
// are an error.
func Read(root *os.Root, path string, most int64) ([]byte, error) {
	file, err := Open(root, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file, path, most)
}

// read returns a file's content. More than most bytes are an error, before
// reading if the file's size already shows it.
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

// largeError is the error for a file with more bytes than this.
type largeError int64

func (e largeError) Error() string { return fmt.Sprintf("it has more than %d bytes", int64(e)) }

// TooLarge turns the error for an app's file with too many bytes into a
// [failure.Failure], and returns any other unchanged.
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

// mostText is above the size of any text that people or package managers write.
const mostText = 64 << 20

// ReadFile is [os.ReadFile] for untrusted folders, whose links may point to
// devices: it neither blocks on a pipe nor reads more than 64 MiB. A dangling
// link is an error, but not [fs.ErrNotExist]: its author has the file, and the
// build lacks it.
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
