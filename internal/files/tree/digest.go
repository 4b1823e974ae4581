package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FileDigest is the hexadecimal sha256 of a file, or a dash when there is
// none.
func FileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return "-", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Digest is a sha256 over the path, the kind and the content, or the
// target, of everything in a folder, in the order of the paths; without what has
// one of the names. Of modes it counts only whether a file can be executed, as
// for git: the others come from the umask of whoever checked it out.
func Digest(dir string, without ...string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && slices.Contains(without, entry.Name()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		kind, content := entry.Type().String(), ""
		switch entry.Type() {
		case 0:
			content, err = FileDigest(path)
			if info.Mode()&0o111 != 0 {
				kind = "executable"
			}
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		}
		fmt.Fprintf(sum, "%q %s %q\n", strings.TrimPrefix(path, dir), kind, content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
