package pnpm

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/pnpmlock"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Install lets pnpm install a part's packages, and runs their install scripts as far
// as pnpm's rules allow it.
func (m *Manager) Install(part modules.Part) error {
	if m.project.Lock.File == "" {
		if err := m.WriteLock(); err != nil {
			return err
		}
	}
	if err := within(func(scratch string) error { return m.install(part, scratch) }); err != nil {
		return err
	}
	if err := m.removeForeign(part); err != nil {
		return fmt.Errorf("removing packages for other platforms: %w", err)
	}
	if err := m.runScripts(part); err != nil {
		return err
	}
	if err := m.freeCommands(); err != nil {
		return fmt.Errorf("freeing commands from sed: %w", err)
	}
	if part.Dev {
		return nil
	}
	return m.removeNotes()
}

func (m *Manager) install(part modules.Part, scratch string) error {
	if err := m.openStore(); err != nil {
		return err
	}
	p, err := m.configured(scratch)
	if err != nil {
		return err
	}
	args := []string{"install", "--frozen-lockfile", "--ignore-scripts"}
	if p, err = p.forPart(part, &args, m.project.Workspace, scratch); err != nil {
		return err
	}
	if !part.Dev && !m.keepsDev() {
		args = append(args, "--prod")
	} else {
		p = p.with("NODE_ENV", "development")
	}
	args = append(args, m.network()...)
	args = append(args, "--reporter=append-only", "--config.extend-node-path=false", "--config.enable-global-virtual-store=false",
		"--config.confirm-modules-purge=false", "--modules-dir", nodemodules.Dir, "--virtual-store-dir", filepath.Join(nodemodules.Dir, pnpmlock.StoreDir))
	if part.Scripts {
		// Scripts may write into a package's files, which would be those of the store.
		args = append(args, "--package-import-method", "clone-or-copy")
	}
	return p.run(m.project.Dir, append(args, p.folders(scratch)...)...)
}

// removeForeign removes packages for another C library than the target's. pnpm
// installs them if the lockfile does not record the library.
func (m *Manager) removeForeign(part modules.Part) error {
	removed := false
	for _, p := range m.project.Lock.Packages {
		folder := m.project.Lock.StoreFolder(p)
		if p.Link || folder == "" || p.RunsOn(deps.PlatformOf(part.Target)) || !tree.Exists(filepath.Join(m.project.Dir, p.Path)) {
			continue
		}
		if err := tree.Remove(filepath.Join(m.project.Dir, folder)); err != nil {
			return err
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return nodemodules.RemoveDangling(filepath.Join(m.project.Dir, nodemodules.Dir))
}

// network returns the flag that says how far pnpm asks the registry.
func (m *Manager) network() []string {
	if devmodules.Offline(m.env) {
		return []string{"--offline"}
	}
	return []string{"--prefer-offline"}
}

// configured returns a pnpm with the configuration of bindings, in a temporary
// folder.
func (m *Manager) configured(scratch string) (pnpm, error) {
	p := m.pnpm
	path, err := m.writeConfig(scratch)
	if err != nil {
		return p, err
	}
	if path != "" {
		p.env = withConfig(p.env, "npm_config_", "userconfig", path)
	}
	if m.settings.MinimumReleaseAge == nil && !hasConfig(m.env, p.version.prefix(), "minimum_release_age") {
		p = p.config("minimum_release_age", "0") // the lockfile's versions are decided; asking for their age needs a request for each
	}
	return p, nil
}

//go:embed shim.cjs
var shim []byte

// forPart adds the arguments for a part's target and workspace.
func (p pnpm) forPart(part modules.Part, args *[]string, workspace, scratch string) (pnpm, error) {
	if workspace != "" {
		*args = append(*args, "--filter", "{"+workspace+"}...")
		if part.Dev {
			*args = append(*args, "--filter", "{.}")
		}
	}
	if p.version.knowsTargets() {
		*args = append(*args, "--os", part.Target.OS, "--cpu", part.Target.Node(), "--libc", deps.Glibc)
		return p, nil
	}
	if !part.Crosses() {
		return p, nil
	}
	path := filepath.Join(scratch, "target.cjs")
	if err := os.WriteFile(path, shim, 0o600); err != nil {
		return p, fmt.Errorf("writing a module that names the target: %w", err)
	}
	options := p.env.Get("NODE_OPTIONS")
	if options != "" {
		options += " "
	}
	return p.with("NODE_OPTIONS", options+"--require "+path).with("ARMATURE_TARGET_ARCH", part.Target.Node()), nil
}

// WriteLock writes a lockfile for a project without one.
func (m *Manager) WriteLock() error {
	err := within(func(scratch string) error {
		if err := m.openStore(); err != nil {
			return err
		}
		p, err := m.configured(scratch)
		if err != nil {
			return err
		}
		return p.run(m.project.Dir, append([]string{"install", "--lockfile-only", "--no-frozen-lockfile", "--ignore-scripts", "--reporter=append-only"}, p.folders(scratch)...)...)
	})
	if err != nil {
		return err
	}
	m.project.Lock, _, err = m.ReadLock(m.project.Dir)
	return err
}

// removeNotes removes pnpm's own files from all node_modules: they have times and
// absolute paths, and nothing reads them at launch.
func (m *Manager) removeNotes() error {
	for _, folder := range append([]string{""}, m.project.Lock.Folders()...) {
		for _, name := range []string{modulesFile, stateFile, oldStateFile, installedLock} {
			place := filepath.Join(m.project.Dir, folder, nodemodules.Dir, name)
			if err := os.Remove(place); err != nil && !errors.Is(err, fs.ErrNotExist) && tree.Exists(place) {
				return fmt.Errorf("removing pnpm's notes: %w", err)
			}
		}
	}
	return nil
}
