// Package managerchoice chooses the package manager of a project by its files and
// its package.json. It reads no environment and writes nothing.
package managerchoice

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Variable is the setting that chooses the package manager, whatever the app's
// files say.
const Variable = "BP_NODE_PACKAGE_MANAGER"

// Place is where a project is. All folders are absolute.
type Place struct {
	App  string // the app's
	Root string // with the lockfile: the project's, or that of its workspaces' root
	Dir  string // the project's

	// Ignores reports whether git ignores a file of the app, a path in it with
	// slashes. Nil for an app that is in no repository.
	Ignores func(file string) bool
}

// Choice is a project's package manager, and why it is that one.
type Choice struct {
	Manager   string                    // [NPM], …, or a name that nobody knows
	Evidence  string                    // what decides: "packageManager pnpm@10.2.0"; empty if nothing does
	Lockfiles []packagemanager.Lockfile // the manager's, in Root; npm-shrinkwrap.json goes before package-lock.json
	Ignored   []Evidence                // what names other managers, and does not count

	// Manifests are the package.json files that may name a version: the project's,
	// its root's, and without a lockfile those above.
	Manifests []packagejson.Package
}

// Evidence is a fact that names a package manager.
type Evidence struct {
	Manager string
	Text    string // "packageManager pnpm@10.2.0", "web/yarn.lock of Yarn 1"
}

// Choose chooses a project's package manager: the wanted one, which the user has
// set; that of packageManager, or devEngines.packageManager, in package.json; that
// of the only lockfile; the one whose configuration the project has; that of
// engines or volta; npm. Several lockfiles are a [failure.Failure] with the id
// several-lockfiles, unless git ignores all but one; the lockfile of another
// manager than package.json declares is one with the id
// lockfile-of-another-manager.
func Choose(p Place, wanted string) (Choice, error) {
	c := chooser{Place: p}
	if err := c.read(); err != nil {
		return Choice{}, err
	}
	return c.choose(wanted)
}

// chooser has everything that names a package manager.
type chooser struct {
	Place
	manifests []packagejson.Package     // of the project, then of its root
	locks     []packagemanager.Lockfile // in Root, of managers that the project can be made with
	declared  []Evidence                // in package.json, of the first field that names any
	mild      bool                      // the field only warns
	hints     []Evidence                // configuration, then engines and volta
}

func (c *chooser) choose(wanted string) (Choice, error) {
	switch {
	case wanted != "":
		return c.choice(Evidence{wanted, Variable}), nil
	case len(c.declared) > 0:
		return c.fromDeclared()
	case len(c.locks) > 0:
		return c.fromLockfiles()
	case len(c.hints) > 0:
		return c.choice(c.hints[0]), nil
	}
	return c.choice(Evidence{Manager: packagemanager.NPM}), nil
}

// fromDeclared chooses the first declared manager, or the one that has a lockfile.
func (c *chooser) fromDeclared() (Choice, error) {
	isKnown := packagemanager.IsKnown(c.declared[0].Manager)
	if len(c.locks) == 0 || !isKnown {
		return c.choice(c.declared[0]), nil
	}
	for _, one := range c.declared {
		if len(c.of(one.Manager)) > 0 {
			return c.choice(one), nil
		}
	}
	if c.mild {
		return c.fromLockfiles()
	}
	return Choice{}, c.anothers(c.declared[0])
}

// fromLockfiles chooses the manager of the lockfiles, of several the only one that
// fits package.json.
func (c *chooser) fromLockfiles() (Choice, error) {
	locks := c.locks
	if len(managersOf(locks)) > 1 {
		locks = slices.DeleteFunc(slices.Clone(locks), c.isIgnored)
	}
	evidence := ""
	if len(managersOf(locks)) > 1 {
		fitting, err := c.inStep(locks)
		if err != nil {
			return Choice{}, err
		}
		evidence, locks = ", the only one that fits package.json", fitting
	}
	if len(managersOf(locks)) != 1 {
		return Choice{}, c.several()
	}
	return c.choice(Evidence{locks[0].Manager, locks[0].Within(c.App) + evidence}), nil
}

// choice completes a choice.
func (c *chooser) choice(by Evidence) Choice {
	chosen := Choice{Manager: by.Manager, Evidence: by.Text, Lockfiles: c.of(by.Manager), Manifests: c.manifests}
	for _, lock := range c.locks {
		if lock.Manager != by.Manager {
			chosen.Ignored = append(chosen.Ignored, Evidence{lock.Manager, lock.Within(c.App)})
		}
	}
	for _, one := range slices.Concat(c.declared, c.hints) {
		if one.Manager != by.Manager && !strings.HasPrefix(one.Text, enginesField) { // which need not be of the manager that is used
			chosen.Ignored = append(chosen.Ignored, one)
		}
	}
	return chosen
}

// of returns the lockfiles of a manager.
func (c *chooser) of(manager string) (all []packagemanager.Lockfile) {
	for _, lock := range c.locks {
		if lock.Manager == manager {
			all = append(all, lock)
		}
	}
	return all
}

func managersOf(locks []packagemanager.Lockfile) (all []string) {
	for _, lock := range locks {
		if !slices.Contains(all, lock.Manager) {
			all = append(all, lock.Manager)
		}
	}
	return all
}

func (c *chooser) several() error {
	var names, managers []string
	for _, lock := range c.locks {
		names = append(names, lock.Within(c.App))
	}
	managers = managersOf(c.locks)
	return &failure.Failure{
		ID:    "several-lockfiles",
		Cause: fmt.Sprintf("the app has lockfiles of %s, and nothing says which one counts%s", strings.Join(managers, " and "), failure.List(names)),
		Remedy: fmt.Sprintf("delete those that the app is not made with; or name the package manager, in package.json (\"packageManager\": \"%s@VERSION\"), "+
			"or with %s=%s for the build.", managers[0], Variable, strings.Join(managers, " or ")),
	}
}

func (c *chooser) anothers(declared Evidence) error {
	other := c.locks[0]
	return &failure.Failure{
		ID:    "lockfile-of-another-manager",
		Cause: fmt.Sprintf("package.json declares %s (%s), but the only lockfile is %s's: %s", declared.Manager, declared.Text, other.Manager, other.Within(c.App)),
		Remedy: fmt.Sprintf("let %s write its lockfile, commit that and delete %s; or let package.json declare %s. %s=%s makes the build go by the lockfile, and %s=%s without one.",
			declared.Manager, other.Name, other.Manager, Variable, other.Manager, Variable, declared.Manager),
	}
}

// read collects the facts.
func (c *chooser) read() error {
	folders := []string{c.Dir}
	if c.Root != c.Dir {
		folders = append(folders, c.Root)
	}
	for _, dir := range folders {
		pkg, err := packagejson.Read(dir)
		if err != nil && (dir == c.Dir || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		c.manifests = append(c.manifests, pkg)
	}
	if err := c.readLockfiles(); err != nil {
		return err
	}
	if len(c.locks) == 0 {
		c.readAbove()
	}
	c.readDeclared()
	return c.readHints()
}

// readLockfiles finds the lockfiles that count: a yarn.lock without any entry says
// nothing beside another lockfile, and neither does Deno's.
func (c *chooser) readLockfiles() (err error) {
	if c.locks, err = packagemanager.Find(c.Root); err != nil {
		return err
	}
	weak := func(l packagemanager.Lockfile) bool { return l.Manager == packagemanager.Deno || l.Empty }
	if slices.ContainsFunc(c.locks, func(l packagemanager.Lockfile) bool { return !weak(l) }) {
		c.locks = slices.DeleteFunc(c.locks, weak)
	}
	return nil
}

// readAbove adds the manifests in the folders above, as corepack reads them.
func (c *chooser) readAbove() {
	for dir := c.Root; dir != c.App && dir != filepath.Dir(dir); {
		dir = filepath.Dir(dir)
		if pkg, err := packagejson.Read(dir); err == nil {
			c.manifests = append(c.manifests, pkg)
		}
	}
}

// readDeclared reads the nearest packageManager, or else the nearest
// devEngines.packageManager.
func (c *chooser) readDeclared() {
	for _, pkg := range c.manifests {
		if pin, ok := Pinned(pkg); ok {
			c.declared = []Evidence{{pin.Manager, "packageManager " + pin.Manager + "@" + pin.Version}}
			return
		}
	}
	for _, pkg := range c.manifests {
		c.mild = true
		for _, engine := range pkg.DevEngines.PackageManager {
			if engine.Name != "" {
				c.declared = append(c.declared, Evidence{engine.Name, "devEngines.packageManager " + engine.Name})
				c.mild = c.mild && (engine.OnFail == "warn" || engine.OnFail == "ignore")
			}
		}
		if len(c.declared) > 0 {
			return
		}
	}
}

// readHints reads what is weaker than a lockfile.
func (c *chooser) readHints() error {
	hints, err := configured(c.Root)
	if err != nil {
		return err
	}
	c.hints = hints
	for _, pkg := range c.manifests {
		c.hints = append(c.hints, engines(pkg)...)
	}
	return nil
}

// isIgnored reports whether git ignores a lockfile.
func (c *chooser) isIgnored(l packagemanager.Lockfile) bool {
	folder, err := filepath.Rel(c.App, l.Path())
	return err == nil && c.Ignores != nil && c.Ignores(filepath.ToSlash(folder))
}
