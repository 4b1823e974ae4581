package bun

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scripts runs the scripts of trusted packages, then those of the workspaces, and
// then the project's own, as Bun does. An install for the launch runs no prepare,
// whose tools are devDependencies, and for a workspace none of the root's.
func (m *manager) scripts(installed deps.Graph, p modules.Part) error {
	tree, err := installscripts.FromGraph(m.project.Dir, installed)
	if err != nil {
		return err
	}
	trusted, err := m.trusted()
	if err != nil {
		return err
	}
	var skipped []string
	runner := installscripts.Runner{
		Env: m.scriptEnv(m.program), Commands: m.gypCommands(), Target: p.Target, Host: p.Host, Log: m.log,
		Tolerant: true,
		MayRun: func(one installscripts.Package) bool {
			if one.Linked || trusted(one) {
				return true
			}
			skipped = append(skipped, describe(one))
			return false
		},
	}
	if _, err := runner.Run(tree, m.plan(tree, p)); err != nil {
		return err
	}
	m.warnOfSkipped(skipped)
	if m.project.Workspace != "" && !p.Dev {
		return nil
	}
	return runner.RunProject(tree, m.events(p)...)
}

// plan is Bun's order, with the workspaces that the part has.
func (m *manager) plan(tree installscripts.Tree, p modules.Part) (plan installscripts.Plan) {
	for _, stage := range tree.ByPackage() {
		var kept installscripts.Stage
		for _, task := range stage {
			if task.Package.Linked && !slices.Contains(p.Folders, task.Package.Path) {
				continue
			}
			if !p.Dev {
				task.Events = slices.DeleteFunc(slices.Clone(task.Events), installscripts.IsPreparing)
			}
			kept = append(kept, task)
		}
		plan = append(plan, kept)
	}
	return plan
}

// events are the project's own scripts for a part.
func (m *manager) events(p modules.Part) []string {
	if p.Dev {
		return events
	}
	return events[:3]
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
		m.log.Subprocess("WARNING: Bun does not say which packages it trusts, so that no install script of a package runs: %s", strings.ReplaceAll(err.Error(), "%", "%%"))
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
	for _, event := range events[:3] {
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
