//go:build linux

package build

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/failure"
)

// copySBOM copies what the lifecycle left in /layers/sbom.
func (b *Build) copySBOM() error {
	made, err := os.OpenRoot(b.work.Path("layers"))
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
		return &failure.Failure{ID: "output-unwritable", Cause: "writing the bills of materials", Err: err, Remedy: "name a folder that you can write to with --sbom-dir."}
	}
	return nil
}

// copyPlain copies folders and files, and nothing else, in place of what is
// there. Scripts of the app could write to the source: a link among what they
// left would lead the next copy to wherever they like.
func copyPlain(from *os.Root, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	return fs.WalkDir(from.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if there, err := target.Lstat(path); err == nil && !(there.IsDir() && entry.IsDir()) {
			if err := target.RemoveAll(path); err != nil {
				return err
			}
		}
		switch {
		case entry.IsDir():
			return target.MkdirAll(filepath.FromSlash(path), 0o755)
		case entry.Type().IsRegular():
			return copyFile(from, target, path)
		}
		return nil
	})
}

func copyFile(from, to *os.Root, path string) error {
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := to.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
