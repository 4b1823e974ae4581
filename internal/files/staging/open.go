package staging

import (
	"io/fs"
	"os"
	"path/filepath"
)

// OpenToAll lets everybody read a folder and all in it: 755 and 644, whatever the
// umask took away and whoever wrote it.
func OpenToAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
}
