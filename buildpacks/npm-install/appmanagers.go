package npminstall

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
)

// managerVariable overrides the package manager that the app's files name.
const managerVariable = managerchoice.Variable

// placeOf is where a project is.
func placeOf(p project.Project, app string) managerchoice.Place {
	return managerchoice.Place{
		App: app, Root: p.Root, Dir: p.Dir,
		Ignores: func(file string) bool { return gitfolder.IgnoresFile(app, file) != "" },
	}
}

// choose chooses the package manager of a project. One that this buildpack does
// not have is a [failure.Failure] with the id package-manager-unsupported.
func choose(env environ.List, p project.Project, app string) (managerchoice.Choice, error) {
	wanted, err := wantedManager(env)
	if err != nil {
		return managerchoice.Choice{}, err
	}
	choice, err := managerchoice.Choose(placeOf(p, app), wanted)
	if err != nil || choice.Manager == packagemanager.NPM {
		return choice, err
	}
	if _, ok := installers[choice.Manager]; ok {
		return choice, nil
	}
	return choice, unsupported(choice, p)
}

// wantedManager reads the setting; empty without it.
func wantedManager(env environ.List) (string, error) {
	if env.Get(managerVariable) == "" {
		return "", nil
	}
	return settings.OneOf(env.Get, managerVariable, packagemanager.NPM, packagemanager.PNPM, packagemanager.Yarn, packagemanager.Bun)
}

func unsupported(choice managerchoice.Choice, p project.Project) error {
	have := []string{packagemanager.NPM}
	for name := range installers {
		have = append(have, name)
	}
	slices.Sort(have)
	return &failure.Failure{
		ID:    "package-manager-unsupported",
		Cause: fmt.Sprintf("the app is made with %s (%s), and this buildpack installs with %s", choice.Manager, choice.Evidence, strings.Join(have, ", ")),
		Remedy: fmt.Sprintf("%s. Or set %s=npm: then npm passes over what is named here and chooses the versions anew in every build.",
			writeLockfile(p), managerVariable),
	}
}

// appManagers are npm's lockfile, and what of other package managers npm reads or
// passes over.
type appManagers struct {
	npms    *packagemanager.Lockfile // npm's lockfile
	yarn    *packagemanager.Lockfile // a yarn.lock of Yarn 1 that npm reads, with entries
	others  bool                     // there are lockfiles that npm does not read
	foreign []string                 // what npm passes over: lockfiles, by their paths in the app, and fields of package.json
}

// findManagers reads what else than npm's files is in a project that npm installs.
// A yarn.lock that npm would read only in part is a [failure.Failure] with the id
// lockfile-invalid.
func findManagers(choice managerchoice.Choice, p project.Project) (m appManagers, err error) {
	if len(choice.Lockfiles) > 0 && choice.Lockfiles[0].Manager == packagemanager.NPM {
		m.npms = &choice.Lockfiles[0]
	}
	locks, err := packagemanager.Find(p.Root)
	if err != nil {
		return appManagers{}, err
	}
	for _, lock := range locks {
		switch {
		case lock.Manager == packagemanager.NPM:
		case lock.Format == packagemanager.Yarn1 && m.npms == nil:
			entries, err := packagemanager.Entries(lock.Path())
			if err != nil {
				return appManagers{}, yarnInvalid(lock, p, err)
			}
			if entries > 0 {
				m.yarn = &lock
			}
		default:
			m.others = true
		}
	}
	for _, one := range choice.Ignored {
		if one.Manager != packagemanager.Yarn || m.yarn == nil {
			m.foreign = append(m.foreign, one.Text)
		}
	}
	return m, nil
}

// writeLockfile returns the remedy that gives the app an npm lockfile, in the
// imperative and without a full stop. npm rewrites the root's yarn.lock, unless
// that is empty.
func writeLockfile(p project.Project) string {
	text := "let npm write a lockfile of its own: `npm install --package-lock-only` in the project's folder, and commit package-lock.json"
	if root, err := packagejson.Read(p.Root); err == nil && refusesNPM(root) { // else the error is reported where its fields are used
		text = `give devEngines.packageManager "onFail": "warn", or npm refuses to install; then ` + text
	}
	if info, err := os.Stat(packagemanager.Lockfile{Dir: p.Root, Name: packagemanager.YarnLock}.Path()); err == nil && info.Size() > 0 {
		text += "; npm writes yarn.lock anew as well, as one of Yarn 1: `git restore yarn.lock` brings back what was there"
	}
	return text
}

func yarnInvalid(lock packagemanager.Lockfile, p project.Project, err error) error {
	return &failure.Failure{
		ID:     npmlock.InvalidID,
		Cause:  fmt.Sprintf("%s cannot be read by npm, which would pass over the rest of it", lock.Path()),
		Remedy: fmt.Sprintf("mend it, `yarn install` writes it anew; or %s.", writeLockfile(p)),
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
