package npminstall

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/lockfile"
	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/packagejson"
	"github.com/armature-cnb/armature/internal/packagemanager"
	"github.com/armature-cnb/armature/internal/project"
	"github.com/armature-cnb/armature/internal/settings"
)

// managerVariable names the package manager that installs, whatever the app is
// made with.
const managerVariable = "BP_NODE_PACKAGE_MANAGER"

// manager is which package managers an app is made with, as its files say.
type manager struct {
	chosen   bool                      // by [managerVariable]: npm
	npms     *packagemanager.Lockfile  // npm's lockfile
	yarn     *packagemanager.Lockfile  // that of Yarn 1 which npm reads, with entries
	others   []packagemanager.Lockfile // those that npm does not read
	declared string                    // by package.json, or empty
	evidence string                    // the field that does
	app      string                    // the app's root, absolute
}

// findManager reads the lockfiles in the folder of the project and in the root
// of its workspaces, and what the package.json of the project declares, or else
// the nearest one above it in the app. A yarn.lock that npm would read in part
// only is a [failure.Failure] with the id lockfile-invalid.
func findManager(env Environ, p project.Project, app string) (manager, error) {
	m := manager{app: app, chosen: env.Get(managerVariable) != ""}
	if m.chosen {
		if _, err := settings.OneOf(env.Get, managerVariable, packagemanager.NPM); err != nil {
			return manager{}, err
		}
	}
	locks, err := packagemanager.Find(p.Root)
	if err != nil {
		return manager{}, err
	}
	for _, lock := range locks {
		switch {
		case lock.Manager == packagemanager.NPM && m.npms == nil:
			m.npms = &lock
		case lock.Format == packagemanager.Yarn1 && m.npms == nil:
			entries, err := packagemanager.Entries(lock.Path())
			if err != nil {
				return manager{}, yarnInvalid(lock, err)
			}
			if entries > 0 {
				m.yarn = &lock
			}
		case lock.Manager != packagemanager.NPM:
			m.others = append(m.others, lock)
		}
	}
	if p.Dir != p.Root { // whose own lockfile npm does not look at
		if locks, err = packagemanager.Find(p.Dir); err != nil {
			return manager{}, err
		}
		isYarns := func(l packagemanager.Lockfile) bool { return l.Manager == packagemanager.Yarn && m.yarn != nil } // nor does Yarn
		m.others = append(m.others, slices.DeleteFunc(locks, isYarns)...)
	}
	return m, m.lookAbove(p)
}

// lookAbove goes up to the root of the app.
func (m *manager) lookAbove(p project.Project) error {
	for dir := p.Dir; ; dir = filepath.Dir(dir) {
		if m.declared == "" {
			pkg, err := packagejson.Read(dir)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && dir == p.Dir {
				return err
			}
			m.declared, m.evidence = packagemanager.Declared(pkg)
		}
		if dir == m.app {
			return nil
		}
		above := filepath.Dir(dir)
		folder, err := filepath.Rel(above, p.Dir)
		if err != nil {
			return err
		}
		lock, found, err := packagemanager.Above(above, filepath.ToSlash(folder))
		if err != nil {
			return err
		}
		if found && above != p.Root {
			m.others = append(m.others, lock)
		}
	}
}

func yarnInvalid(lock packagemanager.Lockfile, err error) error {
	return &failure.Failure{
		ID:     lockfile.InvalidID,
		Cause:  fmt.Sprintf("%s cannot be read by npm, which would pass over the rest of it", lock.Path()),
		Remedy: "mend it, `yarn install` writes it anew; or let npm write a lockfile of its own: `npm install --package-lock-only` in the project's folder, and commit package-lock.json.",
		Err:    err,
	}
}

// check refuses an app that another manager is meant for, unless there is a
// lockfile of npm's or npm was chosen. It is a [failure.Failure] with the id
// package-manager-unsupported. A project of Yarn's is not refused where npm
// reads its lockfile.
func (m manager) check() error {
	if m.chosen || m.npms != nil || len(m.others) == 0 && !m.declaresForeign() {
		return nil
	}
	name := m.declared
	if !m.declaresForeign() {
		name = m.others[0].Manager
	}
	cause := fmt.Sprintf("the app is made with %s (%s), and this buildpack installs with npm only", name, strings.Join(m.foreign(), ", "))
	if m.declared == packagemanager.NPM {
		cause += fmt.Sprintf("; package.json declares npm (%s), but there is no lockfile of npm's", m.evidence)
	}
	return &failure.Failure{
		ID:    "package-manager-unsupported",
		Cause: cause,
		Remedy: fmt.Sprintf("let npm write a lockfile of its own: `npm install --package-lock-only` in the project's folder, and commit package-lock.json. "+
			"Or set %s=npm: then npm passes over what is named here and chooses the versions anew in every build.", managerVariable),
	}
}

// declaresForeign tells whether package.json names another manager, but for
// Yarn where npm reads its lockfile.
func (m manager) declaresForeign() bool {
	return m.declared != "" && m.declared != packagemanager.NPM && (m.declared != packagemanager.Yarn || m.yarn == nil)
}

// foreign lists what speaks of other managers: lockfiles that do not decide,
// by their paths in the app, and a field of package.json.
func (m manager) foreign() []string {
	var all []string
	for _, lock := range m.others {
		name := lock.String()
		if folder, err := filepath.Rel(m.app, lock.Dir); err == nil && folder != "." {
			name = filepath.Join(folder, name)
		}
		all = append(all, name)
	}
	if m.declaresForeign() {
		all = append(all, m.evidence)
	}
	return all
}

// warnOfManager says what decides on the versions where that is not npm's own lockfile
// alone.
func (b *build) warnOfManager(m manager) error {
	foreign := strings.ReplaceAll(strings.Join(m.foreign(), ", "), "%", "%%")
	switch {
	case b.process == processRebuild && foreign != "":
		b.log.Process("WARNING: the app's own %s decides on the versions, and npm passes over: %s", nodemodules.Dir, foreign)
	case b.process == processRebuild:
		return nil
	case m.npms != nil && foreign != "":
		b.log.Process("WARNING: %s decides on the versions, and npm passes over: %s", m.npms.Name, foreign)
		b.log.Subprocess("Delete what the app is not made with, so that the two cannot differ.")
	case m.npms != nil:
		return nil
	case m.yarn != nil:
		return b.warnOfYarn(m)
	case len(m.others) > 0:
		b.log.Process("WARNING: npm installs, as %s says, chooses the versions anew in every build, and passes over: %s", managerVariable, foreign)
	default:
		return b.warnOfNoLockfile(m)
	}
	b.log.Break()
	return nil
}

// warnOfYarn says what npm takes from a yarn.lock of Yarn 1, and what it does
// not.
func (b *build) warnOfYarn(m manager) error {
	b.log.Process("WARNING: there is no lockfile of npm's: the %s decides on the versions, as far as npm reads it", m.yarn)
	b.log.Subprocess("npm takes the version, the address and the integrity of each entry for the same range. It resolves a range anew that has none,")
	b.log.Subprocess("puts packages into other folders than Yarn, and passes over .yarnrc and checksums that stand in addresses only (#…).")
	fields, err := packagejson.ReadFields(b.dir)
	if err != nil {
		return err
	}
	if resolutions, ok := fields["resolutions"].(map[string]any); ok && len(resolutions) > 0 {
		b.log.Subprocess("It passes over the resolutions of %s, too: overrides are npm's.", packagejson.FileName)
	}
	if foreign := m.foreign(); len(foreign) > 0 {
		b.log.Subprocess("It passes over: %s", strings.Join(foreign, ", "))
	}
	b.log.Subprocess("`npm install --package-lock-only` writes %s from it; commit that to end this warning.", lockfile.PackageLock)
	b.log.Break()
	return nil
}

// keepingYarnLock calls npm, which writes a yarn.lock anew that it reads, and puts
// back what the app had.
func (b *build) keepingYarnLock(call func() error) (err error) {
	if b.yarnLock == "" {
		return call()
	}
	info, err := os.Stat(b.yarnLock)
	if err != nil {
		return fmt.Errorf("reading the lockfile: %w", err)
	}
	text, err := os.ReadFile(b.yarnLock)
	if err != nil {
		return fmt.Errorf("reading the lockfile: %w", err)
	}
	if info.Mode()&0o200 == 0 && os.Chmod(b.yarnLock, info.Mode().Perm()|0o200) == nil { // else npm says what it may not do
		defer func() { err = errors.Join(err, os.Chmod(b.yarnLock, info.Mode().Perm())) }()
	}
	err = call()
	if now, readErr := os.ReadFile(b.yarnLock); readErr != nil || !bytes.Equal(now, text) {
		err = errors.Join(err, os.WriteFile(b.yarnLock, text, 0o644))
	}
	return err
}

// warnOfNoLockfile says that nothing decides on the versions, where there are
// any to choose.
func (b *build) warnOfNoLockfile(m manager) error {
	chooses := len(b.root.Workspaces) > 0 || choosesVersions(b.dir, map[string]bool{})
	if !chooses {
		return nil
	}
	b.log.Process("WARNING: there is no lockfile: npm chooses the versions of the dependencies anew in every build, so that the same source may give another image")
	if foreign := m.foreign(); len(foreign) > 0 {
		b.log.Subprocess("npm installs, as %s says, in spite of: %s", managerVariable, strings.Join(foreign, ", "))
	}
	b.log.Subprocess("`npm install --package-lock-only` in the project's folder writes %s; commit it.", lockfile.PackageLock)
	b.log.Break()
	return nil
}

// choosesVersions tells whether a package.json, or that of a folder which it
// depends on, names a dependency that is neither a folder nor missing.
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
			path, isPath := namedPath(specs[name])
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
