// Package wholefile writes files of which nobody ever sees a part.
package wholefile

import (
	"io"
	"os"
	"path/filepath"
)

// Write makes a file of what write writes, readable for everybody, or puts it
// in place of the one that is there. On an error there is what was there
// before. It does not wait for the disk: what is written can be made again.
func Write(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // does nothing once renamed
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

// WriteBytes is Write for a content that is in memory.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	})
}
