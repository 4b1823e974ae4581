package pnpm

import (
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// runScripts runs the packages' install scripts that pnpm's rules allow.
func (m *Manager) runScripts(part modules.Part) error {
	tree, err := installscripts.FromGraph(m.project.Dir, m.project.Lock)
	if err != nil {
		return err
	}
	allow, err := newRule(m.pnpm.version, m.settings, m.project.Dir)
	if err != nil {
		return err
	}
	runner := installscripts.Runner{
		Env: m.pnpm.env, Target: part.Target, Host: part.Host, Tolerant: true, Shell: m.settings.ScriptShell,
		MayRun: func(p installscripts.Package) bool { return !p.Linked && hasScripts(p) && allow.allows(p.Package) }, Log: m.log,
	}
	if _, err = runner.Run(tree, tree.ByPackage()); err != nil {
		return err
	}
	return allow.report(m.log)
}

// hasScripts reports whether a package has scripts to run on install.
func hasScripts(p installscripts.Package) bool {
	return p.Command("preinstall") != "" || p.Command("install") != "" || p.Command("postinstall") != ""
}

// Run runs a build script of the project or of a workspace.
func (m *Manager) Run(script modules.Script) error { return nil }
