package bun

import (
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// ignoresScripts reports whether Bun's settings let no install script run, neither of
// packages nor of the project, and says so once.
func (m *manager) ignoresScripts() (bool, error) {
	config, err := npmrc.Load(npmrc.Sources{Environ: m.env, ProjectDir: m.project.Dir, HomeDir: m.env.Get("HOME"), Binding: m.config.binding})
	if err != nil {
		return false, err
	}
	on := config.IsTrue("ignore-scripts")
	if !on {
		if on, err = m.ignoredByBunfig(); err != nil {
			return false, err
		}
	}
	if on && !m.saidIgnored {
		m.saidIgnored = true
		m.log.Subprocess("Running no install scripts: Bun's setting ignore-scripts is true")
	}
	return on, nil
}

// ignoredByBunfig looks in the project's bunfig.toml, and then in the user's.
func (m *manager) ignoredByBunfig() (bool, error) {
	const on, off = ".install.ignoreScripts=true", ".install.ignoreScripts=false"
	settings, err := bunfig(filepath.Join(m.project.Dir, configFile))
	if err != nil || slices.Contains(settings, on) || slices.Contains(settings, off) {
		return slices.Contains(settings, on), err
	}
	if m.config.bunfig != "" {
		return slices.Contains(settingsIn(m.config.bunfig), on), nil
	}
	settings, err = bunfig(filepath.Join(m.env.Get("HOME"), globalFile))
	return slices.Contains(settings, on), err
}
