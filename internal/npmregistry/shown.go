package npmregistry

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// Shown is the folder, in the platform's folder, in which armature shows a build
// archives that other builds have fetched. They are named "<sha512 in hex>", and their
// content may be wrong.
const Shown = "archives"

// take copies an archive that is shown, if it is right.
func (a *Archives) take(sum checksum.Checksum) (taken bool, err error) {
	if a.Shown == "" || sum.Algorithm != "sha512" {
		return false, nil
	}
	from, err := os.Open(filepath.Join(a.Shown, sum.Hex))
	if err != nil {
		return false, nil // none, or it is fetched
	}
	defer from.Close()
	path := a.Path(sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	made, err := os.CreateTemp(filepath.Dir(path), ".taken-")
	if err != nil {
		return false, err
	}
	defer os.Remove(made.Name()) // no effect after the rename
	defer made.Close()
	hash := sum.New()
	if _, err := io.Copy(io.MultiWriter(made, hash), from); diskfull.Is(err) {
		return false, err
	} else if err != nil || sum.Of(hash) != sum {
		return false, nil // it is fetched
	}
	return true, errors.Join(made.Chmod(0o644), os.Rename(made.Name(), path))
}

// TakeAll copies all archives that are shown and right, for npm to find them.
func (a *Archives) TakeAll() error {
	entries, err := os.ReadDir(a.Shown)
	if a.Shown == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		sum, err := checksum.Parse("sha512:" + entry.Name())
		if err != nil || sum.Verify(a.Path(sum)) == nil {
			continue
		}
		if _, err := a.take(sum); err != nil {
			return err
		}
	}
	return nil
}
