// Package executable makes programs of packages executable, as package managers do.
package executable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// windowsLine matches the first line of a program that ends as on Windows.
var windowsLine = regexp.MustCompile(`^(#![^\n]+)\r\n`)

// firstBytes is how much of a program npm looks at.
const firstBytes = 2048

// Fix makes a program executable, and ends its first line as Linux wants it.
func Fix(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	mask, err := Umask()
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o777&^mask); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	first := make([]byte, firstBytes)
	n, err := io.ReadFull(file, first)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	if !windowsLine.Match(first[:n]) {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return fmt.Errorf("the program %s ends its first line as on Windows, and is no UTF-8", path)
	}
	if err := wholefile.WriteBytes(path, windowsLine.ReplaceAll(text, []byte("$1\n"))); err != nil {
		return err
	}
	return os.Chmod(path, 0o777&^mask)
}

// Umask returns the process's umask.
func Umask() (fs.FileMode, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("reading the umask: %w", err)
	}
	for line := range bytes.Lines(status) {
		if text, ok := bytes.CutPrefix(line, []byte("Umask:")); ok {
			mask, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 8, 32)
			return fs.FileMode(mask), err
		}
	}
	return 0, errors.New("reading the umask: /proc/self/status has none")
}
