package yarn

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// productionVariable keeps devDependencies in the app image if it is false.
const productionVariable = "NPM_CONFIG_PRODUCTION"

// Install installs with scripts off, and then runs those that Yarn's rules allow.
func (m *manager) Install(p modules.Part) error {
	if err := m.cache.Open(); err != nil {
		return err
	}
	if m.resolves() {
		if err := m.WriteLock(); err != nil {
			return err
		}
	}
	m.targets = append(m.targets, deps.PlatformOf(p.Target), deps.PlatformOf(p.Host))
	install := m.installBerry
	if m.classic() {
		install = m.installClassic
	}
	if err := install(p); err != nil {
		return err
	}
	if err := m.runScripts(p); err != nil {
		return err
	}
	switch {
	case p.Dev:
		return nil
	case m.isPnP():
		return m.trimPnP()
	}
	return m.removeNotes()
}

// removeNotes removes Yarn's own files from node_modules, which differ from machine
// to machine and are not read at launch.
func (m *manager) removeNotes() error {
	var all []error
	for _, folder := range append([]string{""}, m.lock.folders...) {
		for _, note := range m.Words().Notes {
			all = append(all, os.RemoveAll(filepath.Join(m.within(folder), nodemodules.Dir, note)))
		}
	}
	return errors.Join(all...)
}

// environment returns the environment for every install.
func (m *manager) environment(p modules.Part) environ.List {
	env := m.env.Default("CI", "1").With("NODE_NO_WARNINGS", "1").Default("NODE_DISABLE_COMPILE_CACHE", "1")
	env = env.With("YARN_IGNORE_PATH", "1").With("SKIP_YARN_COREPACK_CHECK", "1") // the choice is made
	if p.Dev {
		env = env.With("NODE_ENV", "development")
	}
	return env
}
