package yarn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// preflight finds what Yarn passes over: Yarn 1 installs from a lockfile that does
// not fit the package.json of a workspace; so does Yarn 2 and later where it installs
// for production. Markers of a merge conflict are an error of [yarnlock.ReadLock].
func (m *manager) preflight() error {
	if len(m.lock.missing) == 0 {
		return nil
	}
	var lines []string
	for _, one := range m.lock.missing {
		lines = append(lines, "Missing: "+one.String())
	}
	return &failure.Failure{
		ID:     "lockfile-out-of-step",
		Cause:  fmt.Sprintf("%s does not fit %s%s", yarnlock.FileName, packagejson.FileName, failure.List(lines)),
		Remedy: fmt.Sprintf("run `yarn install` in the project's folder, and commit the %s that it writes.", yarnlock.FileName),
	}
}

// removeLinks removes the links to layers that a build before left in the same
// folder: Yarn would install through them.
func removeLinks(dir string, folders []string) error {
	for _, folder := range append([]string{""}, folders...) {
		modules := filepath.Join(dir, folder, nodemodules.Dir)
		info, err := os.Lstat(modules)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.Mode().Type() == fs.ModeSymlink {
			if err := os.Remove(modules); err != nil {
				return err
			}
		}
	}
	return nil
}
