// Package wholefile writes files atomically.
package wholefile

import (
	"io"
	"os"
	"path/filepath"
)

// Write creates or replaces a world-readable file with what write writes. On an
// error, the old file stays. It does not sync to disk: callers can write the
// content again.
func Write(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // no effect after the rename
	defer file.Close()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// WriteBytes is [Write] for bytes.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	})
}
