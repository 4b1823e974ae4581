package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// npm installs with scripts off, natively and for another target. Then the
// lifecycle runs the scripts that npm would have run, in npm's order:
//
//   - git packages are made of their sources,
//   - the packages' preinstall, install and postinstall,
//   - preinstall, prepare, install and postinstall of workspaces and other linked
//     folders,
//   - the project's hooks of changed dependencies, if anything was installed,
//   - the project's own scripts.
//
// An install for the launch runs nothing that prepares: what the app needs of that
// comes from the install for the build.

// installScripts are a project's scripts that npm runs on install, in order; for a
// workspace without the dependenciesScripts.
var installScripts = append(dependenciesScripts, "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")

// dependenciesScripts are those that it runs after changing node_modules.
var dependenciesScripts = []string{"predependencies", "dependencies", "postdependencies"}

// lifecycle is the scripts of one install.
type lifecycle struct {
	*manager
	npm     npm
	part    modules.Part
	command string       // npm's: "ci", "install", "rebuild"
	flags   []string     // that npm passes on to scripts as settings
	env     environ.List // of scripts; nil until they are needed
	tree    installscripts.Tree
}

// lifecycle returns the scripts of a part. Which selects the kinds of dependencies,
// as a flag of npm's.
func (m *manager) lifecycle(npm npm, part modules.Part, which string) *lifecycle {
	l := &lifecycle{manager: m, npm: npm, part: part, flags: []string{which}}
	switch m.inputs.process() {
	case processCI:
		l.command, l.flags = "ci", append(l.flags, "--prefer-offline")
	case processRebuild:
		l.command, l.flags = "rebuild", nil
	default:
		l.command = "install"
	}
	return l
}

// before runs the project's scripts that come before an install: npm 12 and later
// let preinstall prepare the way for it.
func (l *lifecycle) before() (err error) {
	if !l.npm.versions.runsPreinstallFirst() || l.command == "rebuild" {
		return nil
	}
	l.tree = installscripts.Tree{Dir: l.project.Dir}
	return l.ofProject("preinstall")
}

// after runs the scripts of everything that npm has installed.
func (l *lifecycle) after() (err error) {
	if l.tree, err = l.readTree(); err != nil {
		return err
	}
	if any, err := l.ofPackages(); err != nil || !any {
		return err
	}
	if l.command == "rebuild" {
		return l.ofProject("preinstall", "install", "postinstall")
	}
	if _, err := os.Lstat(filepath.Join(l.project.Dir, nodemodules.Dir, hiddenLockfile)); err == nil {
		if err := l.ofProject(dependenciesScripts...); err != nil {
			return err
		}
	}
	events := installScripts[len(dependenciesScripts):]
	if l.npm.versions.runsPreinstallFirst() {
		events = events[1:]
	}
	return l.ofProject(events...)
}

// readTree returns what is installed. Vendored modules may differ from npm's record
// of them.
func (l *lifecycle) readTree() (tree installscripts.Tree, err error) {
	graph, found := l.ReadInstalled(l.project.Dir)
	if found && l.command != "rebuild" {
		tree, err = installscripts.FromGraph(l.project.Dir, graph)
	} else {
		tree, err = installscripts.Scan(l.project.Dir)
	}
	if err != nil {
		return tree, fmt.Errorf("reading what npm has installed: %w", err)
	}
	tree.Packages = slices.DeleteFunc(tree.Packages, func(p installscripts.Package) bool {
		return p.Linked && l.project.Workspace != "" && !slices.Contains(l.part.Folders, p.Path)
	})
	for i, p := range tree.Packages {
		if p.Linked || l.command != "ci" {
			continue
		}
		// npm knows a locked package from the lockfile, which has neither, and only
		// that there are scripts.
		delete(p.Manifest.Fields, "config")
		tree.Packages[i].Manifest.Gypfile = true
		if found && !p.HasInstallScript && !p.InBundle && !l.project.Lock.Sparse && p.Source.Kind != deps.FromGit {
			tree.Packages[i].Manifest.Scripts = nil
		}
	}
	return tree, nil
}

// ofPackages runs the packages' scripts and those of linked folders. Any is false
// if the settings allow no scripts at all, and true without scripts.
func (l *lifecycle) ofPackages() (any bool, err error) {
	plan := l.tree.ByEvent()
	gits := l.gitPackages()
	if len(gits) == 0 && !slices.ContainsFunc(plan, func(s installscripts.Stage) bool { return len(s) > 0 }) {
		return true, nil
	}
	if any, err = l.ask(); err != nil || !any {
		return any, err
	}
	allowed, err := l.policy()
	if err != nil {
		return false, err
	}
	if err := allowed.check(l.tree); err != nil {
		return false, err
	}
	gone, err := l.makeGitPackages(gits)
	if err != nil {
		return false, err
	}
	for i, stage := range plan {
		plan[i] = slices.DeleteFunc(stage, func(t installscripts.Task) bool { return slices.Contains(gone, t.Package.Path) })
	}
	runner := l.runner()
	runner.MayRun = allowed.mayRun
	removed, err := runner.Run(l.tree, plan)
	if err != nil {
		return false, err
	}
	l.npm.warnOfBlocked(allowed.blocked())
	return true, l.forget(removed)
}

// ofProject runs scripts of the project's package.json. It runs none of a
// workspace's root for the launch, where their tools are not installed.
func (l *lifecycle) ofProject(events ...string) error {
	root, err := l.tree.Root()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	events = slices.DeleteFunc(slices.Clone(events), func(event string) bool {
		return !root.Runs(event) || l.part.Preparing == nil && installscripts.IsPreparing(event) || l.isForSources(root, event)
	})
	if len(events) == 0 {
		return nil
	}
	if l.project.Workspace != "" && !l.part.Dev {
		l.log.Subprocess("Leaving out the root's script %s: its dependencies are not the workspace's", strings.Join(events, ", "))
		return nil
	}
	if any, err := l.ask(); err != nil || !any {
		return err
	}
	return l.runner().RunProject(l.tree, events...)
}

// isForSources reports whether an event only prepares the project's sources, and
// nobody needs that: in an install for the launch.
func (l *lifecycle) isForSources(root installscripts.Package, event string) bool {
	if l.part.Dev || !installscripts.OnlyForSources(root.Command(event)) {
		return false
	}
	l.log.Subprocess("Leaving out the script %s: `%s` only prepares sources, and the app image is made without", event, root.Command(event))
	return true
}

// ask asks npm once for the scripts' environment. Any is false if npm's settings
// let no script run.
func (l *lifecycle) ask() (any bool, err error) {
	if l.env == nil {
		if l.env, err = l.npm.scriptEnvironment(l.project.Dir, l.project.Root, l.command, l.flags); err != nil {
			return false, err
		}
		if isTrue(l.env, "ignore-scripts") {
			l.log.Subprocess("Running no install scripts: npm's setting ignore-scripts is true")
		}
	}
	return !isTrue(l.env, "ignore-scripts"), nil
}

func (l *lifecycle) runner() installscripts.Runner {
	shell, _ := setting(l.env, "script-shell")
	runner := installscripts.Runner{
		Env: l.env.With("PATH", l.npm.env.Get("PATH")), Commands: gypCommands(l.env), Variables: l.variables,
		Shell: shell, Foreground: isTrue(l.env, "foreground-scripts"), Tolerant: l.command != "rebuild",
		Target: l.part.Target, Host: l.part.Host,
		Explain: l.explain, Left: l.npm.warnOfLeft, Log: l.log,
	}
	if prepare := l.part.Preparing; prepare != nil {
		runner.Preparing = func(run func() error) error {
			return errors.Join(prepare(run), l.linkCommands())
		}
	}
	return runner
}

// runsPreinstallFirst reports whether npm runs the project's preinstall before it
// installs: since npm 12.
func (v versions) runsPreinstallFirst() bool {
	version, err := semver.NewVersion(v.NPM)
	return err == nil && version.Major() >= 12
}
