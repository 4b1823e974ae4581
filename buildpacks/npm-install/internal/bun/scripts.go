package bun

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scripts runs the scripts of trusted packages. Those of the project and its
// workspaces are the engine's, see [manager.Run].
func (m *manager) scripts(installed deps.Graph, p modules.Part) error {
	if ignored, err := m.ignoresScripts(); ignored || err != nil {
		return err
	}
	tree, err := installscripts.FromGraph(m.project.Dir, installed)
	if err != nil {
		return err
	}
	trusted, err := m.trusted()
	if err != nil {
		return err
	}
	var skipped []string
	runner := m.runner(p.Target, p.Host)
	runner.Tolerant = true
	runner.MayRun = func(one installscripts.Package) bool {
		if one.Linked || trusted(one) {
			return !one.Linked
		}
		skipped = append(skipped, describe(one))
		return false
	}
	if _, err := runner.Run(tree, tree.ByPackage()); err != nil {
		return err
	}
	m.warnOfSkipped(skipped)
	return nil
}

// runner returns a runner of install scripts.
func (m *manager) runner(target, host targets.Target) installscripts.Runner {
	return installscripts.Runner{Env: m.scriptEnv(m.program), Terms: installscripts.Bun, Commands: m.gypCommands(), Target: target, Host: host, Log: m.log}
}

// trusted returns which packages may run scripts: those in trustedDependencies of
// the root's package.json, or else those of a registry that Bun itself trusts.
func (m *manager) trusted() (func(installscripts.Package) bool, error) {
	fields, err := packagejson.ReadFields(m.project.Dir)
	if err != nil {
		return nil, err
	}
	if list, ok := fields["trustedDependencies"]; ok {
		names := words(list)
		return func(p installscripts.Package) bool { return slices.Contains(names, alias(p)) }, nil
	}
	var names []string
	return func(p installscripts.Package) bool {
		if names == nil {
			names = m.defaultTrusted()
		}
		return p.Source.Kind == deps.FromRegistry && slices.Contains(names, p.Name)
	}, nil
}

// alias is the name under which a package is installed.
func alias(p installscripts.Package) string {
	dir, name := filepath.Split(p.Path)
	if scope := filepath.Base(dir); strings.HasPrefix(scope, "@") {
		return scope + "/" + name
	}
	return name
}

// defaultTrusted asks Bun for the packages that it trusts.
func (m *manager) defaultTrusted() []string {
	output, err := m.capture(m.context.Layers.Path, "pm", "default-trusted")
	names := []string{}
	if err != nil {
		m.log.Subprocess("WARNING: Bun does not say which packages it trusts, so that no install script of a package runs: %s", err.Error())
		return names
	}
	for line := range strings.Lines(output) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			names = append(names, name)
		}
	}
	return names
}

// describe names a package and its scripts.
func describe(p installscripts.Package) string {
	var scripts []string
	for _, event := range ofPackages {
		if command := p.Command(event); command != "" {
			scripts = append(scripts, event+": "+command)
		}
	}
	return p.Name + "@" + p.Version + " (" + strings.Join(scripts, "; ") + ")"
}

// warnOfSkipped names the packages whose scripts did not run.
func (m *manager) warnOfSkipped(skipped []string) {
	if len(skipped) == 0 {
		return
	}
	slices.Sort(skipped)
	m.log.Action("WARNING: these install scripts have not run, because Bun does not trust their packages:")
	for _, one := range slices.Compact(skipped) {
		m.log.Detail("%s", one)
	}
	m.log.Action("Where a package needs its script, run `bun pm trust NAME` and commit package.json (trustedDependencies).")
	m.log.Break()
}
