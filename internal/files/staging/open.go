package staging

import (
	"io/fs"
	"os"
	"path/filepath"
)

// OpenToAll makes a folder and its content world-readable: 755 and 644,
// whatever the umask.
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
