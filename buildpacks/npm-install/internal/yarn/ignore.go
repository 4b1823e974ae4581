package yarn

import (
	"path/filepath"
	"regexp"
)

// ignores matches the line of .yarnrc that lets Yarn 1 run no install script.
var ignores = regexp.MustCompile(`(?m)^\s*"?(?:--(?:install\.)?)?ignore-scripts"?\s+"?true"?\s*$`)

// ignoresScripts reports whether Yarn 1's settings let no install script run, neither
// of packages nor of the project, and says so once. Yarn 1 reads no such setting from
// .npmrc; later ones run the project's in any case.
func (m *manager) ignoresScripts() (bool, error) {
	if !m.classic() {
		return false, nil
	}
	on := ignores.MatchString(m.config.files[classicConfig])
	for _, dir := range []string{m.project.Dir, m.env.Get("HOME")} {
		text, err := readOptional(filepath.Join(dir, classicConfig))
		if err != nil {
			return false, err
		}
		on = on || ignores.MatchString(text)
	}
	if on && !m.saidIgnored {
		m.saidIgnored = true
		m.log.Subprocess("Running no install scripts: Yarn's setting ignore-scripts is true")
	}
	return on, nil
}
