package npmstart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// doubtOfOwnFile doubts a program that is a file of the app, given by its path:
// one that is missing after the build, or that may not be executed.
func (o oracle) doubtOfOwnFile(file string) fate {
	if !isPlain(file) {
		return fate{}
	}
	info, err := os.Stat(filepath.Join(o.dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return o.withoutFile(file)
	}
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 != 0 {
		return fate{}
	}
	return fate{doubt: &doubt{
		format: "[start-file-not-executable] %s. To fix it: %s.",
		why:    fmt.Sprintf("starts %s, which nobody may execute: its mode is %o", file, info.Mode().Perm()),
		fix:    fmt.Sprintf("run `git update-index --chmod=+x %s` and commit it, or start it with its interpreter, such as sh %[1]s", path.Clean(file)),
		made:   true,
	}}
}
