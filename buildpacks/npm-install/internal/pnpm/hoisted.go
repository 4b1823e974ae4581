package pnpm

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// With nodeLinker: hoisted pnpm installs in npm's layout, of which the lockfile knows
// nothing: the graph's folders are those of a store that is not there.

// isHoisted reports whether that holds for the root's folder. What cannot be read is
// reported by Prepare, or by pnpm.
func (m *Manager) isHoisted(dir string) bool {
	v, err := parseVersion(m.request.Version)
	if err != nil {
		return false
	}
	fromFile, fromEnv := "", ""
	if s, err := readSettings(dir, v); err == nil {
		fromFile = s.NodeLinker
	}
	for _, pair := range m.env {
		if name, value, _ := strings.Cut(pair, "="); strings.EqualFold(name, v.prefix()+"node_linker") {
			fromEnv = value
		}
	}
	all := []string{fromEnv, fromFile} // since pnpm 11; no npmrc has settings
	if v.readsManifest() {
		fromNPMRC := ""
		if config, err := npmrc.Load(npmrc.Sources{Environ: m.env, ProjectDir: dir, HomeDir: m.env.Get("HOME")}); err == nil {
			fromNPMRC, _ = config.Get("node-linker")
		}
		all = []string{fromFile, fromEnv, fromNPMRC}
	}
	for _, linker := range all {
		if linker != "" {
			return linker == "hoisted"
		}
	}
	return false
}

// scan returns what is in node_modules of the root and of its workspaces.
func (m *Manager) scan(dir string) (installscripts.Tree, error) {
	var folders []string
	if m.project != nil {
		folders = slices.DeleteFunc(m.project.Lock.Folders(), func(folder string) bool { return folder == "" || !filepath.IsLocal(folder) })
	}
	return installscripts.Scan(dir, folders...)
}

// installed returns what scan does, with what the lockfile says of each package.
func (m *Manager) installed() (installscripts.Tree, error) {
	tree, err := m.scan(m.project.Dir)
	if err != nil {
		return tree, err
	}
	locked := map[string]deps.Package{}
	for _, one := range m.project.Lock.Packages {
		key := one.Name + "@" + one.Version
		if known, found := locked[key]; found {
			one.Optional, one.Dev = one.Optional && known.Optional, one.Dev && known.Dev
		}
		if !one.Link {
			locked[key] = one
		}
	}
	for i := range tree.Packages {
		one := &tree.Packages[i]
		known := locked[one.Manifest.Name+"@"+one.Manifest.Version]
		one.Optional, one.Dev, one.Source, one.Resolved = known.Optional, known.Dev, known.Source, known.Resolved
	}
	return tree, nil
}
