package npminstall

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// warnOfManager warns if versions do not come from npm's own lockfile alone.
func (m *manager) warnOfManager() error {
	process, made := m.inputs.process(), m.made
	foreign := strings.Join(made.foreign, ", ")
	switch {
	case process == processRebuild && foreign != "":
		m.log.Process("WARNING: the app's own %s decides on the versions, and npm passes over: %s", nodemodules.Dir, foreign)
	case process == processRebuild:
		return nil
	case made.npms != nil && foreign != "":
		m.log.Process("WARNING: %s decides on the versions, and npm passes over: %s", made.npms.Name, foreign)
		m.log.Subprocess("Delete what the app is not made with, so that the two cannot differ.")
	case made.npms != nil:
		return nil
	case made.yarn != nil:
		return m.warnOfYarn()
	case made.others:
		m.log.Process("WARNING: npm installs, as %s says, chooses the versions anew in every build, and passes over: %s", managerVariable, foreign)
	default:
		return m.warnOfNoLockfile()
	}
	m.log.Break()
	return nil
}

// warnOfYarn says what npm reads from a yarn.lock of Yarn 1, and what it does
// not.
func (m *manager) warnOfYarn() error {
	m.log.Process("WARNING: there is no lockfile of npm's: the %s decides on the versions, as far as npm reads it", m.made.yarn)
	m.log.Subprocess("npm takes the version, the address and the integrity of each entry for the same range. It resolves a range anew that has none,")
	m.log.Subprocess("puts packages into other folders than Yarn, and passes over .yarnrc and checksums that stand in addresses only (#…).")
	fields, err := packagejson.ReadFields(m.project.Dir)
	if err != nil {
		return err
	}
	if resolutions, ok := fields["resolutions"].(map[string]any); ok && len(resolutions) > 0 {
		m.log.Subprocess("It passes over the resolutions of %s, too: overrides are npm's.", packagejson.FileName)
	}
	if foreign := m.made.foreign; len(foreign) > 0 {
		m.log.Subprocess("It passes over: %s", strings.Join(foreign, ", "))
	}
	m.log.Subprocess("`npm install --package-lock-only` writes %s from it; commit that to end this warning.", npmlock.PackageLock)
	m.log.Subprocess("It writes yarn.lock anew, too: `git restore yarn.lock` brings back what was there.")
	m.log.Break()
	return nil
}

// keepingYarnLock calls npm, which rewrites a yarn.lock, and then restores the
// app's.
func (m *manager) keepingYarnLock(call func() error) (err error) {
	if m.made.yarn == nil {
		return call()
	}
	path := m.made.yarn.Path()
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading the lockfile: %w", err)
	}
	text, err := regular.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the lockfile: %w", err)
	}
	if info.Mode()&0o200 == 0 && os.Chmod(path, info.Mode().Perm()|0o200) == nil { // else npm reports the missing permission
		defer func() { err = errors.Join(err, os.Chmod(path, info.Mode().Perm())) }()
	}
	err = call()
	if now, readErr := regular.ReadFile(path); readErr != nil || !bytes.Equal(now, text) {
		err = errors.Join(err, os.WriteFile(path, text, 0o644))
	}
	return err
}

// warnOfNoLockfile warns that no lockfile pins the versions, if there are
// dependencies.
func (m *manager) warnOfNoLockfile() error {
	chooses := len(m.project.Root.Workspaces) > 0 || choosesVersions(m.project.Dir, map[string]bool{})
	if !chooses {
		return nil
	}
	m.log.Process("WARNING: there is no lockfile: npm chooses the versions of the dependencies anew in every build, so that the same source may give another image")
	if foreign := m.made.foreign; len(foreign) > 0 {
		m.log.Subprocess("npm installs, as %s says, in spite of: %s", managerVariable, strings.Join(foreign, ", "))
	}
	m.log.Subprocess("`npm install --package-lock-only` in the project's folder writes %s; commit it.", npmlock.PackageLock)
	m.log.Break()
	return nil
}

// choosesVersions reports whether a package.json, or that of a folder that it
// depends on, has a dependency that is neither a folder nor missing.
func choosesVersions(dir string, seen map[string]bool) bool {
	pkg, err := packagejson.Read(dir)
	if seen[dir] || err != nil {
		return false
	}
	seen[dir] = true
	wants := []map[string]string{pkg.Dependencies, pkg.OptionalDependencies, pkg.PeerDependencies}
	if len(seen) == 1 {
		wants = append(wants, pkg.DevDependencies)
	}
	for _, specs := range wants {
		for _, name := range slices.Sorted(maps.Keys(specs)) {
			path, isPath := deps.LocalPath(specs[name])
			if !isPath {
				return true
			}
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			if choosesVersions(path, seen) {
				return true
			}
		}
	}
	return false
}
