package npminstall

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
)

// Install lets npm install a part's packages, runs their scripts and the project's,
// and removes credentials from npm's record of the packages.
func (m *manager) Install(p modules.Part) error {
	npm, err := m.npmFor(p)
	if err != nil {
		return err
	}
	npm = npm.once()
	which := "--omit=dev"
	if p.Dev {
		which = "--include=dev"
		npm = npm.with("NODE_ENV", "development")
	}
	scripts := m.lifecycle(npm, p, which)
	if err := scripts.before(); err != nil {
		return err
	}
	if err := m.installWith(npm, p, append([]string{which}, m.workspaceArgs(p)...)); err != nil {
		return err
	}
	if err := scripts.after(); err != nil {
		return err
	}
	if p.Prune && m.inputs.process() == processRebuild {
		if err := npm.run(m.project.Dir, "prune", "--omit=dev", ignoreScripts); err != nil {
			return err
		}
	}
	return m.hideCredentials()
}

// ignoreScripts lets npm run no script of a package or of the project.
const ignoreScripts = "--ignore-scripts"

// installWith runs the process. Args select the kinds of dependencies.
func (m *manager) installWith(npm npm, p modules.Part, args []string) error {
	dir := m.project.Dir
	switch m.inputs.process() {
	case processInstall:
		return m.keepingYarnLock(func() error { return npm.run(dir, append(append([]string{"install"}, args...), ignoreScripts)...) })
	case processCI:
		return m.withLockfile(npm, func() error {
			if done, err := m.locked(npm, p, args); done || err != nil {
				return err
			}
			if err := m.takeShown(npm); err != nil {
				return err
			}
			return npm.run(dir, append(append([]string{"ci"}, args...), "--prefer-offline", ignoreScripts)...)
		})
	}
	return m.rebuild(npm, p, args)
}

// npm's flags to install one workspace, and the root's dependencies with it.
const (
	workspaceFlag = "--workspace"
	withRootFlag  = "--include-workspace-root"
)

// workspaceArgs returns npm's arguments to install a workspace.
func (m *manager) workspaceArgs(p modules.Part) []string {
	switch {
	case m.project.Workspace == "":
		return nil
	case p.Dev:
		return []string{workspaceFlag, m.project.Workspace, withRootFlag}
	}
	return []string{workspaceFlag, m.project.Workspace}
}

// withLockfile renames npm-shrinkwrap.json during the call for an npm that no
// longer reads that name.
func (m *manager) withLockfile(npm npm, call func() error) error {
	stand := filepath.Join(m.project.Dir, npmlock.PackageLock)
	if _, err := os.Lstat(stand); err == nil || npm.versions.readsShrinkwrap() {
		return call()
	}
	m.log.Subprocess("npm %s does not read %s: it is given as %s", npm.versions.NPM, npmlock.Shrinkwrap, npmlock.PackageLock)
	if err := tree.CopyFile(filepath.Join(m.project.Dir, npmlock.Shrinkwrap), stand); err != nil {
		return errors.Join(fmt.Errorf("giving npm the lockfile: %w", err), os.RemoveAll(stand))
	}
	return errors.Join(call(), os.Remove(stand))
}

// rebuild lets npm check vendored modules, and link their commands.
func (m *manager) rebuild(npm npm, p modules.Part, which []string) error {
	if p.Dev && !p.Scripts { // modules for the build need no devDependencies unless scripts run
		which = append([]string{"--omit=dev"}, which[1:]...)
	}
	if err := m.checkVendored(npm, which); err != nil {
		return err
	}
	return npm.run(m.project.Dir, "rebuild", ignoreScripts) // which links commands
}

// checkVendored checks with npm that the modules satisfy package.json. Extraneous
// ones do no harm.
func (m *manager) checkVendored(npm npm, which []string) error {
	f, err := npm.with("NPM_CONFIG_LOGLEVEL", "error").execute(m.project.Dir, append([]string{"list"}, which...)...)
	if err != nil || f == nil || f.code() == "ELSPROBLEMS" && len(f.unmet()) == 0 {
		return err
	}
	return &failure.Failure{
		ID:    "vendored-modules-incomplete",
		Cause: "vendored node_modules have unmet dependencies: npm list failed" + failure.List(f.unmet()),
		Remedy: "run `npm install` and commit node_modules again, or delete it from the app and commit the lockfile instead: " +
			"then the build installs the dependencies.",
	}
}

// npmFor returns an npm that installs for the part's target.
func (m *manager) npmFor(p modules.Part) (npm, error) {
	if !p.Crosses() {
		return m.npm, nil
	}
	if !m.npm.versions.knowsTargets() && m.hasPlatformPackages() {
		return npm{}, &failure.Failure{
			ID: "npm-too-old-for-target",
			Cause: fmt.Sprintf("npm %s cannot install for %s on %s, and the lockfile has packages that are made for one platform",
				m.npm.versions.NPM, p.Target, p.Host),
			Remedy: "use npm 10.1 or later, which comes with Node.js 20.9 and later (also 9.9 of npm 9), or build on the target's architecture.",
		}
	}
	return m.npm.forTarget(p.Target), nil
}

// hasPlatformPackages reports whether the lockfile has packages that are limited
// to some platforms, or is missing.
func (m *manager) hasPlatformPackages() bool {
	if m.project.Lock.File == "" || m.project.Lock.Sparse {
		return true
	}
	for _, p := range m.project.Lock.Packages {
		if p.HasPlatform() {
			return true
		}
	}
	return false
}
