package pnpm

import "github.com/armature-cnb/armature/internal/node/npmrc"

// ignoresScripts reports whether pnpm's settings let no install script run, neither
// of packages nor of the project, and says so once. pnpm 11 and later read no such
// setting from .npmrc.
func (m *Manager) ignoresScripts() (bool, error) {
	on := m.settings.IgnoreScripts || m.env.Get(m.pnpm.version.prefix()+"ignore_scripts") == "true"
	if !on && m.pnpm.version.readsManifest() {
		config, err := npmrc.Load(npmrc.Sources{Environ: m.env, ProjectDir: m.project.Dir, HomeDir: m.env.Get("HOME"), Binding: m.npmrc})
		if err != nil {
			return false, err
		}
		on = config.IsTrue("ignore-scripts")
	}
	if on && !m.saidIgnored {
		m.saidIgnored = true
		m.log.Subprocess("Running no install scripts: pnpm's setting ignore-scripts is true")
	}
	return on, nil
}
