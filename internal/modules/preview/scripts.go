package preview

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// installScripts are the scripts of a package.json that npm runs when it installs
// (npm help scripts, "Life Cycle Operation Order"), and build, which npm-install
// runs.
var installScripts = []string{
	"predependencies", "dependencies", "postdependencies", "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare",
	"prebuild", "build", "postbuild",
}

// RunsScripts says whether code that the app or its dependencies bring may run
// during a build of it: code that could write to any layer. It says yes where
// that is not known to be otherwise. A lockfile of version 2 or 3 lists the
// packages with install scripts, and npm runs those of no others.
func (a *App) RunsScripts(env map[string]string) bool {
	for name, value := range env {
		if value != "" && !harmless(name) {
			return true
		}
	}
	for _, one := range []struct {
		scripts map[string]string
		npm     string // another one than the builder's comes from where the app says
	}{
		{a.pkg.Scripts, a.pkg.Engines.NPM + a.pkg.Volta.NPM + a.pkg.PackageManager}, {a.root.Scripts, a.root.Engines.NPM + a.root.Volta.NPM + a.root.PackageManager},
	} {
		if one.npm != "" || slices.ContainsFunc(installScripts, func(name string) bool { return one.scripts[name] != "" }) {
			return true
		}
	}
	if len(a.pkg.DevEngines.PackageManager)+len(a.root.DevEngines.PackageManager) > 0 || a.gyp || a.vendored {
		return true
	}
	if !a.locked || a.lock.Version < 2 {
		return true
	}
	for _, p := range a.lock.Packages {
		if p.Link || !p.InNodeModules() || p.HasInstallScript || !p.InBundle && p.Integrity == "" {
			return true // a workspace, a folder or a git repository has scripts of its own
		}
	}
	return false
}

// Checked says whether every package that an install downloads has a checksum in
// the lockfile.
func (a *App) Checked() bool {
	if !a.locked {
		return false
	}
	for _, p := range a.lock.Packages {
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
	case settings.RunScripts, settings.NPMVersion:
		return false
	}
	if setting, ok := strings.CutPrefix(strings.ToLower(name), "npm_config_"); ok {
		return !slices.Contains([]string{"node_options", "git", "shell", "script_shell"}, strings.ReplaceAll(setting, "-", "_"))
	}
	return strings.HasPrefix(name, "BP_")
}

// ForAnyTarget guesses whether the modules for the launch are the same for every
// target: the lockfile names nothing that depends on the target, and no build
// script adds anything. Only the build itself knows.
func (a *App) ForAnyTarget(env map[string]string) bool {
	if slices.Contains(a.pkg.ScriptNames(), "build") || env[settings.RunScripts] != "" || env[settings.ModulesCheck] == "off" {
		return false
	}
	return a.locked && a.lock.ForAnyTarget()
}
