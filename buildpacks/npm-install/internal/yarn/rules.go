package yarn

import (
	"fmt"
	"slices"

	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// scriptRule decides which packages may run install scripts.
type scriptRule struct {
	all     bool            // unless named says otherwise
	named   map[string]bool // dependenciesMeta.NAME.built of the root's package.json, by "name" and "name@version"
	skipped []string        // what was asked for and may not run
}

// scriptRule returns Yarn's own rule: Yarn 1 runs all scripts.
func (m *manager) scriptRule(modules.Part) (*scriptRule, error) {
	if m.classic() {
		return &scriptRule{all: true}, nil
	}
	return m.berryRule()
}

func (r *scriptRule) allows(p installscripts.Package) bool {
	if p.Linked {
		return false // a workspace, whose scripts the engine lets run; Yarn runs none of other folders
	}
	name := p.Manifest.Name
	for _, key := range []string{name + "@" + p.Manifest.Version, name} {
		if built, ok := r.named[key]; ok {
			return built
		}
	}
	if !r.all {
		r.skipped = append(r.skipped, fmt.Sprintf("%s@%s", name, p.Manifest.Version))
	}
	return r.all
}

// warn says which scripts were skipped, and how to allow them.
func (r *scriptRule) warn(m *manager) {
	if len(r.skipped) == 0 || m.warned {
		return
	}
	m.warned = true
	slices.Sort(r.skipped)
	m.log.Action("WARNING: Yarn %s runs no install scripts that the project does not allow, and has skipped those of:", m.yarn.Version)
	for _, one := range slices.Compact(r.skipped) {
		m.log.Detail("%s", one)
	}
	m.log.Action(`Where a package needs its script, add "dependenciesMeta": {"NAME": {"built": true}} to the package.json of the root;`)
	m.log.Action("false there ends this warning, and enableScripts: true in .yarnrc.yml allows all.")
	m.log.Break()
}
