//go:build linux

package phases

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// copySBOM copies the lifecycle's /layers/sbom.
func (b *Build) copySBOM() error {
	made, err := b.openLayers()
	if err != nil {
		return err
	}
	defer made.Close()
	sbom, err := made.OpenRoot("sbom")
	if errors.Is(err, os.ErrNotExist) {
		return &failure.Failure{ID: "no-sbom", Cause: "the build made no bill of materials", Remedy: "leave --sbom-dir out, or BP_DISABLE_SBOM."}
	}
	if err != nil {
		return err
	}
	defer sbom.Close()
	if err := copyPlain(sbom, b.SBOMDir); err != nil {
		if diskfull.Is(err) {
			return diskfull.Failure("writing the bills of materials", err, b.SBOMDir, "--sbom-dir")
		}
		return UnwritableSBOM(err)
	}
	return nil
}

// UnwritableSBOM is the failure for an unwritable SBOM folder.
func UnwritableSBOM(err error) error {
	return &failure.Failure{ID: "output-unwritable", Cause: "writing the bills of materials", Err: err, Remedy: "name a folder that you can write to with --sbom-dir."}
}

// copyPlain copies only folders and regular files, and replaces what is there:
// completely, or not at all on an error. Scripts of the app could write to the
// source: a symbolic link in it would redirect the next copy.
func copyPlain(from *os.Root, to string) (err error) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	stage := ".armature-" + rand.Text()
	defer func() { err = errors.Join(err, target.RemoveAll(stage)) }()
	err = walkPlain(from, func(path string, isFolder bool) error {
		if isFolder {
			return target.MkdirAll(filepath.Join(stage, path), 0o755)
		}
		return copyFile(from, target, path, filepath.Join(stage, path))
	})
	if err != nil {
		return err
	}
	return walkPlain(from, func(path string, isFolder bool) error {
		if there, err := target.Lstat(path); err == nil && !(there.IsDir() && isFolder) {
			if err := target.RemoveAll(path); err != nil {
				return err
			}
		}
		if isFolder {
			return target.MkdirAll(path, 0o755)
		}
		return target.Rename(filepath.Join(stage, path), path)
	})
}

// walkPlain calls do for a folder, and for every folder and file in it.
func walkPlain(dir *os.Root, do func(path string, isFolder bool) error) error {
	return fs.WalkDir(dir.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() && !entry.Type().IsRegular() {
			return err
		}
		return do(filepath.FromSlash(path), entry.IsDir())
	})
}

func copyFile(from, to *os.Root, path, as string) error {
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := to.OpenFile(as, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
