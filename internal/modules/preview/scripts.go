//go:build linux

package phases

import (
	"slices"
	"strings"
)

// installScripts are the scripts of a package.json that npm runs when it installs
// (npm help scripts, "Life Cycle Operation Order"), and build, which npm-install
// runs.
var installScripts = []string{
	"predependencies", "dependencies", "postdependencies", "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare",
	"prebuild", "build", "postbuild",
}

// runsScripts says whether code that the app or its dependencies bring may run
// during a build of it: code that could write to any layer. It says yes where
// that is not known to be otherwise. A lockfile of version 2 or 3 lists the
// packages with install scripts, and npm runs those of no others.
func (m *manifests) runsScripts(env map[string]string) bool {
	for name, value := range env {
		if value != "" && !harmless(name) {
			return true
		}
	}
	for _, one := range []struct {
		scripts map[string]string
		npm     string // another one than the builder's comes from where the app says
	}{
		{m.pkg.Scripts, m.pkg.Engines.NPM + m.pkg.Volta.NPM + m.pkg.PackageManager}, {m.root.Scripts, m.root.Engines.NPM + m.root.Volta.NPM + m.root.PackageManager},
	} {
		if one.npm != "" || slices.ContainsFunc(installScripts, func(name string) bool { return one.scripts[name] != "" }) {
			return true
		}
	}
	if len(m.pkg.DevEngines.PackageManager)+len(m.root.DevEngines.PackageManager) > 0 || m.gyp || m.vendored {
		return true
	}
	if !m.locked || m.lock.Version < 2 {
		return true
	}
	for _, p := range m.lock.Packages {
		if p.Link || !p.InNodeModules() || p.HasInstallScript || !p.InBundle && p.Integrity == "" {
			return true // a workspace, a folder or a git repository has scripts of its own
		}
	}
	return false
}

// checked says whether every package that an install downloads has a checksum in
// the lockfile.
func (m *manifests) checked() bool {
	if !m.locked {
		return false
	}
	for _, p := range m.lock.Packages {
		if p.InNodeModules() && !p.Link && !p.InBundle && p.Integrity == "" {
			return false
		}
	}
	return true
}

// harmless says whether a variable makes nothing run. Those of Node.js
// (NODE_OPTIONS), of the linker and of shells do.
func harmless(name string) bool {
	switch name {
	case "NODE_ENV", "CI", "TZ", "LANG", "QEMU_CPU":
		return true
	case "BP_NODE_RUN_SCRIPTS", "BP_NPM_VERSION":
		return false
	}
	if setting, ok := strings.CutPrefix(strings.ToLower(name), "npm_config_"); ok {
		return !slices.Contains([]string{"node_options", "git", "shell", "script_shell"}, strings.ReplaceAll(setting, "-", "_"))
	}
	return strings.HasPrefix(name, "BP_")
}
