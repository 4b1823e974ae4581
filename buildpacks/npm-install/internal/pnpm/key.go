package pnpm

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// pnpmfiles are the names of files with hooks that change dependencies.
var pnpmfiles = []string{".pnpmfile.cjs", ".pnpmfile.mjs"}

// Key returns the versions of pnpm, Node.js, its ABI and Node-API, the settings in
// the environment and in every npmrc, and what else of the app decides what pnpm
// installs: its settings, hooks and patches.
func (m *Manager) Key() (modules.Key, error) {
	node := m.pnpm.node
	key := modules.Key{Versions: []string{m.pnpm.version.String(), node.Node, node.Modules, node.NAPI}, Settings: settingsOf(m.env)}
	for _, config := range []struct{ whose, path string }{
		{"the project's", filepath.Join(m.project.Dir, projectConfig)}, {"the user's", userConfig(m.env)}, {"the binding's", m.npmrc},
	} {
		settings, err := npmrc.Settings(config.path, m.env)
		if err != nil {
			return modules.Key{}, err
		}
		key.Configuration = append(key.Configuration, append([]string{config.whose}, settings...))
	}
	files, err := m.keyFiles()
	key.Configuration = append(key.Configuration, append([]string{"files"}, files...))
	return key, err
}

// keyFiles returns the digests of files and folders that decide what is installed,
// besides manifests and the lockfile.
func (m *Manager) keyFiles() (all []string, err error) {
	paths := append([]string{workspaceFile, m.settings.OnlyBuiltFile}, pnpmfiles...)
	for _, patch := range m.settings.PatchedDependencies {
		if path, ok := patch.(string); ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if path == "" {
			continue
		}
		digest, err := tree.FileDigest(filepath.Join(m.project.Dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, path+" "+digest)
	}
	for _, p := range m.project.Lock.Packages { // copies of folders
		folder, ok := strings.CutPrefix(p.Source.Address, "file:")
		if !ok || p.Integrity != "" {
			continue
		}
		digest, err := tree.Digest(filepath.Join(m.project.Dir, folder), "node_modules", ".git")
		if err != nil {
			return nil, fmt.Errorf("reading the folder of %s: %w", p.Name, err)
		}
		all = append(all, folder+" "+digest)
	}
	return all, nil
}

// places are the settings that are only paths.
var places = []string{"userconfig", "globalconfig", "cache", "cache_dir", "store_dir", "state_dir", "logs_dir", "tmp"}

// settingsOf returns the environment variables that are settings of pnpm, sorted,
// without credentials and paths.
func settingsOf(e environ.List) []string {
	var all []string
	for _, pair := range e {
		name, value, _ := strings.Cut(pair, "=")
		lower := strings.ToLower(name)
		key, npms := strings.CutPrefix(lower, "npm_config_")
		if !npms {
			var ok bool
			if key, ok = strings.CutPrefix(lower, "pnpm_config_"); !ok {
				continue
			}
		}
		if !npmrc.IsCredential(key) && !slices.Contains(places, strings.ReplaceAll(key, "-", "_")) {
			all = append(all, name+"="+npmrc.WithoutLogin(value))
		}
	}
	slices.Sort(all)
	return all
}
