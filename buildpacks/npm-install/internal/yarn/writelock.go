package yarn

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// resolves reports whether Yarn chooses the versions of the dependencies: there is no
// lockfile, and something to lock.
func (m *manager) resolves() bool {
	return !m.lock.found && (!m.project.IsEmpty() || m.isPnP())
}

func (m *manager) warnOfNoLockfile() {
	m.log.Process("WARNING: there is no lockfile: Yarn chooses the versions of the dependencies anew in every build, so that the same source may give another image")
	m.log.Subprocess("`yarn install` in the project's folder writes %s; commit it, and take it out of .gitignore and .dockerignore.", yarnlock.FileName)
	m.log.Break()
}

// WriteLock lets Yarn write a lockfile for the host and the target, with which the
// installs are then frozen. Yarn 1 and 2 can only install for that: what they install
// is removed.
func (m *manager) WriteLock() error {
	target, err := targets.FromEnv(m.env.Get)
	if err != nil {
		return err
	}
	host, err := targets.Host()
	if err != nil {
		return err
	}
	if err := m.cache.Open(); err != nil {
		return err
	}
	if err := m.resolve(modules.Part{Dev: true, Target: target, Host: host}); err != nil {
		return err
	}
	if m.lock, err = m.readLock(m.project.Dir); err != nil {
		return err
	}
	if !m.lock.found {
		return fmt.Errorf("yarn install: it has written no %s in %s", yarnlock.FileName, m.project.Dir)
	}
	m.project.Lock = m.lock.graph
	return m.removeInstalled()
}

// resolve lets Yarn choose the versions.
func (m *manager) resolve(p modules.Part) error {
	if !m.classic() {
		return m.runBerry(p, berryArguments{Cache: m.berryCache(), Lock: true, Target: architectures(p.Target, p.Host)}, "yarn install --mode=update-lockfile")
	}
	return m.runClassic(p, "install", "--ignore-scripts", "--ignore-engines", "--non-interactive", "--no-progress", "--production=false")
}

// architectures are the values of supportedArchitectures for some targets.
func architectures(all ...targets.Target) map[string][]string {
	values := map[string][]string{}
	for _, one := range all {
		want := deps.PlatformOf(one)
		values["os"] = append(values["os"], want.OS)
		values["cpu"] = append(values["cpu"], want.CPU)
		values["libc"] = append(values["libc"], want.Libc)
	}
	return values
}

// removeInstalled removes all node_modules.
func (m *manager) removeInstalled() error {
	var all []error
	for _, folder := range append([]string{""}, m.lock.folders...) {
		all = append(all, tree.Remove(filepath.Join(m.within(folder), nodemodules.Dir)))
	}
	return errors.Join(all...)
}
