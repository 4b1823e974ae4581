package bun

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// checkFolders compares the package.json of file: dependencies with the lockfile:
// Bun's frozen install passes over changes there, and installs what is locked. It
// finds those of the project and its workspaces itself. A difference is a
// [failure.Failure] with the id lockfile-out-of-step.
func checkFolders(p *modules.Project) error {
	var changed []string
	for _, one := range p.Lock.Packages {
		folder, ok := strings.CutPrefix(one.Source.Address, "file:")
		if one.Source.Kind != deps.FromFile || !ok || !filepath.IsLocal(folder) || !isFolder(filepath.Join(p.Dir, folder)) {
			continue // Bun says that it is missing
		}
		pkg, err := packagejson.Read(filepath.Join(p.Dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		changed = append(changed, differences(folder, pkg.Dependencies, one.Dependencies)...)
	}
	if len(changed) == 0 {
		return nil
	}
	return &failure.Failure{
		ID:     "lockfile-out-of-step",
		Cause:  fmt.Sprintf("%s does not fit the package.json of a folder that the project depends on%s", p.Lock.File, failure.List(changed)),
		Remedy: "run `bun install` in the project's folder, and commit the lockfile that it writes.",
	}
}

func isFolder(place string) bool {
	info, err := os.Stat(place)
	return err == nil && info.IsDir()
}

// differences lists the ranges that are different.
func differences(folder string, has, locked map[string]string) (all []string) {
	names := slices.Concat(slices.Collect(maps.Keys(has)), slices.Collect(maps.Keys(locked)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if has[name] != locked[name] {
			all = append(all, fmt.Sprintf("%s: %s is %q in package.json and %q in the lockfile", folder, name, has[name], locked[name]))
		}
	}
	return all
}
