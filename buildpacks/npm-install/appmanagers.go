package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
)

// managerVariable overrides the package manager that the app's files name.
const managerVariable = "BP_NODE_PACKAGE_MANAGER"

// appManagers are the package managers that the app's files name.
type appManagers struct {
	chosen   bool                      // npm, by [managerVariable]
	npms     *packagemanager.Lockfile  // npm's lockfile
	yarn     *packagemanager.Lockfile  // a yarn.lock of Yarn 1 that npm reads, with entries
	others   []packagemanager.Lockfile // those that npm does not read
	declared string                    // by package.json, or empty
	evidence string                    // the field with that name
	strict   bool                      // the root's devEngines makes npm refuse to install
	rewrites bool                      // npm rewrites the root's yarn.lock when it writes a lockfile
	app      string                    // the app's root, absolute
}

// findManagers reads the lockfiles in the folders of the project and of its
// workspaces' root, and the package manager in the project's package.json or the
// nearest one above it in the app. A yarn.lock that npm would read only in part
// is a [failure.Failure] with the id lockfile-invalid.
func findManagers(env environ.List, p project.Project, app string) (appManagers, error) {
	m := appManagers{app: app, chosen: env.Get(managerVariable) != ""}
	if m.chosen {
		if _, err := settings.OneOf(env.Get, managerVariable, packagemanager.NPM); err != nil {
			return appManagers{}, err
		}
	}
	if root, err := packagejson.Read(p.Root); err == nil { // else the error is reported where its fields are used
		m.strict = refusesNPM(root)
	}
	locks, err := packagemanager.Find(p.Root)
	if err != nil {
		return appManagers{}, err
	}
	for _, lock := range locks {
		if info, err := os.Stat(lock.Path()); err == nil && lock.Manager == packagemanager.Yarn {
			m.rewrites = info.Size() > 0 // npm leaves an empty one alone
		}
		switch {
		case lock.Manager == packagemanager.NPM && m.npms == nil:
			m.npms = &lock
		case lock.Format == packagemanager.Yarn1 && m.npms == nil:
			entries, err := packagemanager.Entries(lock.Path())
			if err != nil {
				return appManagers{}, m.yarnInvalid(lock, err)
			}
			if entries > 0 {
				m.yarn = &lock
			}
		case lock.Manager != packagemanager.NPM:
			m.others = append(m.others, lock)
		}
	}
	if p.Dir != p.Root { // npm ignores a workspace's own lockfile
		if locks, err = packagemanager.Find(p.Dir); err != nil {
			return appManagers{}, err
		}
		isYarns := func(l packagemanager.Lockfile) bool { return l.Manager == packagemanager.Yarn && m.yarn != nil } // as Yarn does
		m.others = append(m.others, slices.DeleteFunc(locks, isYarns)...)
	}
	return m, m.lookAbove(p)
}

// lookAbove searches the parent folders up to the app's root.
func (m *appManagers) lookAbove(p project.Project) error {
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

// check refuses an app for another manager, unless npm has a lockfile or was
// chosen, with a [failure.Failure] with the id package-manager-unsupported. It
// accepts a Yarn project whose lockfile npm reads.
func (m appManagers) check() error {
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
		ID:     "package-manager-unsupported",
		Cause:  cause,
		Remedy: fmt.Sprintf("%s. Or set %s=npm: then npm passes over what is named here and chooses the versions anew in every build.", m.writeLockfile(), managerVariable),
	}
}

// declaresForeign reports whether package.json names another manager; Yarn does
// not count if npm reads its lockfile.
func (m appManagers) declaresForeign() bool {
	return m.declared != "" && m.declared != packagemanager.NPM && (m.declared != packagemanager.Yarn || m.yarn == nil)
}

// foreign lists the evidence of other managers: ignored lockfiles, by their paths
// in the app, and a field of package.json.
func (m appManagers) foreign() []string {
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

// writeLockfile returns the remedy that gives the app an npm lockfile, in the
// imperative and without a full stop.
func (m appManagers) writeLockfile() string {
	text := "let npm write a lockfile of its own: `npm install --package-lock-only` in the project's folder, and commit package-lock.json"
	if m.strict {
		text = `give devEngines.packageManager "onFail": "warn", or npm refuses to install; then ` + text
	}
	if m.rewrites {
		text += "; npm writes yarn.lock anew as well, as one of Yarn 1: `git restore yarn.lock` brings back what was there"
	}
	return text
}

func (m appManagers) yarnInvalid(lock packagemanager.Lockfile, err error) error {
	return &failure.Failure{
		ID:     npmlock.InvalidID,
		Cause:  fmt.Sprintf("%s cannot be read by npm, which would pass over the rest of it", lock.Path()),
		Remedy: fmt.Sprintf("mend it, `yarn install` writes it anew; or %s.", m.writeLockfile()),
		Err:    err,
	}
}

// refusesNPM reports whether npm ends with EBADDEVENGINES because of a
// package.json: devEngines names only other managers, and not all of them with a
// milder onFail.
func refusesNPM(pkg packagejson.Package) bool {
	wanted := pkg.DevEngines.PackageManager
	_, takesNPM := wanted.Named(packagemanager.NPM)
	return !takesNPM && slices.ContainsFunc(wanted, func(e packagejson.Engine) bool {
		return e.Name != "" && e.OnFail != "warn" && e.OnFail != "ignore"
	})
}
