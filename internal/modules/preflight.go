package modules

import (
	"fmt"
	"slices"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// lacksID is the id of the failure for a lockfile without packages that the target
// needs.
const lacksID = "lockfile-lacks-target-package"

// checkLockfile checks, before the install, for optional packages that a layer
// needs and that the lockfile has for other platforms only. An install would ignore
// them, and the app would fail with "Cannot find module".
func (e *engine) checkLockfile(s spec) error {
	if e.method.Kind != Frozen || e.settings.check == checkOff {
		return nil
	}
	installed, err := e.selection.installed(s.dev())
	if err != nil {
		return err
	}
	gaps := slices.DeleteFunc(e.project.Lock.Gaps(deps.PlatformOf(s.target), s.dev()), func(gap deps.Gap) bool { return !installed(gap.By.Path) })
	if len(gaps) == 0 {
		return nil
	}
	remedy, err := e.manager.Repair(gaps)
	if err != nil || remedy == "" {
		return err
	}
	var lines []string
	for _, gap := range gaps {
		line := fmt.Sprintf("%s@%s, which %s needs", gap.Name, gap.Range, naming(gap.By))
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	fault := &failure.Failure{
		ID:     lacksID,
		Cause:  fmt.Sprintf("%s has packages for other platforms, and lacks those for %s%s", e.project.Lock.File, s.target, failure.List(lines)),
		Remedy: remedy + " BP_NODE_MODULES_CHECK=warn lets the build go on; then whatever needs these packages fails.",
	}
	if e.settings.check == checkWarns {
		e.log.Process("WARNING: %s", fault.Error())
		e.log.Break()
		return nil
	}
	return fault
}

// naming describes the package that depends on a missing one.
func naming(p deps.Package) string {
	if p.Path == "" {
		return "the project"
	}
	if !p.InNodeModules() {
		return "the workspace " + p.Path
	}
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "@" + p.Version
}
