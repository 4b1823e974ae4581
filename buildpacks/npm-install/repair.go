package npminstall

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

// repairingNPM is the npm of the remedy: since 11.6 npm adds missing packages to
// a lockfile, and npm 12 no longer reads npm-shrinkwrap.json.
const repairingNPM = "npx --yes npm@11"

// Repair says how to complete the lockfile, and what left the gaps.
func (m *manager) Repair(gaps []deps.Gap) (remedy string, err error) {
	if omits, err := m.omitsOptional(); err != nil || omits {
		return "", err
	}
	return repair(m.project.Lock, gaps) + " npm 11.5 and older write such a lockfile where node_modules is already there, and do not mend it (npm/cli#4828).", nil
}

// repair returns the command that completes the lockfile. npm adds missing
// packages below the project's own dependencies, but does not look below links.
// So packages that only workspaces need temporarily become dependencies of the
// project. All versions stay.
func repair(lock deps.Graph, gaps []deps.Gap) string {
	const where = " in the project's folder, and commit the lockfile that it writes"
	install := repairingNPM + " install --package-lock-only"
	if len(lock.Links()) == 0 {
		return fmt.Sprintf("run `%s`%s; no other version changes.", install, where)
	}
	var specs, names []string
	for _, gap := range gaps {
		if !borrowable(lock, gap.By) {
			return fmt.Sprintf("run `%s update --package-lock-only`%s. It may also choose newer versions that the ranges in package.json allow.", repairingNPM, where)
		}
		if !slices.Contains(names, gap.By.Name) {
			names = append(names, gap.By.Name)
			specs = append(specs, gap.By.Name+"@"+gap.By.Version)
		}
	}
	return fmt.Sprintf("run `%s --save-dev %s && %s uninstall --package-lock-only %s`%s; no other version changes.",
		install, strings.Join(specs, " "), repairingNPM, strings.Join(names, " "), where)
}

// borrowable reports whether a package can temporarily become a dependency of the
// project: it is in the project's node_modules, and is no dependency yet.
func borrowable(lock deps.Graph, p deps.Package) bool {
	if p.Path != path.Join("node_modules", p.Name) {
		return false
	}
	for _, direct := range []map[string]string{lock.Root.Dependencies, lock.Root.DevDeps, lock.Root.OptionalDeps} {
		if _, ok := direct[p.Name]; ok {
			return false
		}
	}
	return true
}

// omitsOptional asks npm whether its configuration omits optional packages.
func (m *manager) omitsOptional() (bool, error) {
	output, err := m.npm.capture(m.project.Dir, "config", "get", "omit", "optional")
	if err != nil {
		return false, fmt.Errorf("asking npm what it omits: %w", err)
	}
	omit, optional, _ := strings.Cut(string(output), "\n")
	return strings.Contains(omit, "optional") || strings.TrimSpace(optional) == "optional=false", nil
}
