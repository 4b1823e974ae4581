package bun

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Versions of Bun since which it has a flag.
const (
	hasPlatforms = "1.2.23" // --cpu and --os
	hasLinker    = "1.2.19" // --linker; older ones only hoist
	hasFilter    = "1.4.0"  // --filter, without failing for workspaces that it leaves out
)

// Install installs a part's packages without scripts, removes those of other
// platforms, and runs the scripts.
func (m *manager) Install(p modules.Part) error {
	if err := m.clear(p); err != nil {
		return err
	}
	program := m.programFor(p)
	if err := m.run(program, m.project.Dir, m.arguments(program, p)...); err != nil {
		return err
	}
	installed, _, err := m.ReadLock(m.project.Dir)
	if err != nil {
		return err
	}
	if err := m.removeForeign(installed, deps.PlatformOf(p.Target)); err != nil {
		return err
	}
	return m.scripts(installed, p)
}

// clear removes modules of another part, and of the app: Bun would keep what fits.
func (m *manager) clear(p modules.Part) error {
	for _, folder := range m.folders(p) {
		if !filepath.IsLocal(path.Join(folder, nodemodules.Dir)) {
			continue
		}
		if err := tree.Remove(filepath.Join(m.project.Dir, folder, nodemodules.Dir)); err != nil {
			return err
		}
	}
	return nil
}

// arguments returns those of the install.
func (m *manager) arguments(program programs.Program, p modules.Part) []string {
	args := []string{"install", "--ignore-scripts", "--no-progress", "--backend=copyfile"} // a link into the cache would let scripts change that
	if m.kind == modules.Frozen {
		args = append(args, "--frozen-lockfile")
	}
	if !p.Dev && !m.keepsDev() {
		args = append(args, "--production")
	}
	version := versionOf(program)
	if since(version, hasLinker) {
		args = append(args, "--linker=hoisted")
	}
	if p.Crosses() {
		args = append(args, "--os="+p.Target.OS, "--cpu="+p.Target.Node())
	}
	if name := m.project.Package.Name; m.project.Workspace != "" && !p.Dev && name != "" && since(version, hasFilter) {
		args = append(args, "--filter="+name)
	}
	return args
}

// keepsDev reports whether the user keeps devDependencies in the app image.
func (m *manager) keepsDev() bool {
	for _, pair := range m.env {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(name, "npm_config_include") && value == "dev" {
			return true
		}
	}
	return false
}

// programFor returns the Bun that installs a part.
func (m *manager) programFor(p modules.Part) programs.Program {
	if p.Crosses() && m.newer.Version != "" {
		return m.newer
	}
	return m.program
}
