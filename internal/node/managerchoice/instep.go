package managerchoice

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// inStep returns the lockfiles that have all dependencies of the root's
// package.json, with its ranges. It returns none for an app without dependencies,
// and none that is not a text.
func (c *chooser) inStep(locks []packagemanager.Lockfile) (all []packagemanager.Lockfile, err error) {
	root := c.manifests[len(c.manifests)-1]
	for _, lock := range locks {
		text, err := regular.ReadFile(lock.Path())
		if err != nil {
			return nil, fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
		}
		if decoded, err := textfile.Decode(text); err == nil && filepath.Ext(lock.Name) != ".lockb" && hasAll(decoded, lock.Manager, root) {
			all = append(all, lock)
		}
	}
	return all, nil
}

func hasAll(text []byte, manager string, pkg packagejson.Package) bool {
	ranges := maps.Clone(pkg.Dependencies)
	if ranges == nil {
		ranges = map[string]string{}
	}
	maps.Copy(ranges, pkg.DevDependencies)
	maps.Copy(ranges, pkg.OptionalDependencies)
	for _, name := range slices.Sorted(maps.Keys(ranges)) {
		if !hasRange(text, manager, name, ranges[name]) {
			return false
		}
	}
	return len(ranges) > 0
}

// firstFormat matches npm's first format of lockfiles, which has no ranges.
var firstFormat = regexp.MustCompile(`"lockfileVersion":\s*1\b`)

// hasRange reports whether the text of a manager's lockfile has a dependency with
// its range, in any of the manager's formats.
func hasRange(text []byte, manager, name, wanted string) bool {
	name, wanted = regexp.QuoteMeta(name), regexp.QuoteMeta(wanted)
	pattern := `"` + name + `":\s*"` + wanted + `"`
	switch {
	case manager == packagemanager.NPM && firstFormat.Match(text):
		pattern = `"` + name + `":\s*\{\s*"version"`
	case manager == packagemanager.Yarn:
		pattern = `(?m)(?:^|[\s"'])` + name + `@(?:npm:)?` + wanted + `["',:]`
	case manager == packagemanager.PNPM:
		pattern = `(?m)^\s+['"]?` + name + `['"]?:\s+(?:specifier:\s+)?['"]?` + wanted + `['"]?\s`
	}
	return regexp.MustCompile(pattern).Match(text)
}
