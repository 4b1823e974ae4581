//go:build linux

package destination

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/staging"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// writeLayout creates or replaces a layout; it does not replace any other folder,
// unless that is empty.
func writeLayout(dir string, index v1.ImageIndex) error {
	dir = filepath.Clean(dir)
	if err := occupied(dir); err != nil {
		return err
	}
	if err := oci.WriteIndex(dir, index); err != nil {
		return unwritable(dir, err)
	}
	return nil
}

// occupied returns an error for a folder with other content than a layout.
func occupied(dir string) error {
	dir = filepath.Clean(dir)
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 && !images.IsLayout(dir) {
		return &failure.Failure{ID: "output-occupied", Cause: dir + " holds something that is not an OCI layout", Remedy: "name another folder, or remove this one."}
	}
	if errors.Is(err, unix.ENOTDIR) {
		return unwritable(dir, err)
	}
	return nil
}

// writeTar writes an archive for docker load.
func writeTar(path string, tag name.Tag, made []v1.Image) (err error) {
	if len(made) > 1 {
		return onePlatform("an archive for docker load holds one platform")
	}
	s, err := staging.New(path)
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file, err := os.Create(s.Path("new"))
	if err != nil {
		return unwritable(path, err)
	}
	defer file.Close()
	if err := tarball.Write(tag, made[0], file); err != nil {
		return unwritable(path, err)
	}
	if err := file.Close(); err != nil {
		return unwritable(path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return unwritable(path, err)
	}
	return nil
}
