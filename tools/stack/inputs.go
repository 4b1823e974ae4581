package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/armature-cnb/armature/internal/ociimage"
	"github.com/armature-cnb/armature/stack"
)

//go:embed *.go
var source embed.FS

// inputsOf is a digest of all that decides on an image, the state of Debian's
// archive excepted: this program's source, the folder stack, the kind and the
// target.
func inputsOf(r request) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", r.kind.name, r.target)
	for _, files := range []fs.FS{source, stack.Files} {
		if err := hashFiles(sum, files); err != nil {
			return "", err
		}
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

func hashFiles(w io.Writer, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s %x\n", name, sha256.Sum256(content))
		return err
	})
}

// isMade reports whether out is an image that was made from inputs.
func isMade(out, inputs string) bool {
	made, err := os.ReadFile(out + ".inputs")
	if err != nil || strings.TrimSpace(string(made)) != inputs {
		return false
	}
	_, err = ociimage.ReadLayout(out)
	return err == nil
}
