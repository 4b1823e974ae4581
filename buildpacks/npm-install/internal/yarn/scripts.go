package yarn

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// runScripts runs the install scripts of packages. As Yarn does, a failed one of an
// optional package is passed over. Those of the project and its workspaces are the
// engine's, see [manager.Run].
func (m *manager) runScripts(p modules.Part) error {
	if ignored, err := m.ignoresScripts(); ignored || err != nil {
		return err
	}
	installed, err := scan(m.project.Dir)
	if err != nil {
		return err
	}
	m.mark(&installed)
	rule, err := m.scriptRule(p)
	if err != nil {
		return err
	}
	env := m.scriptEnvironment()
	if p.Dev {
		env = env.With("NODE_ENV", "development")
	}
	runner := m.scriptRunner(env, p.Target, p.Host)
	runner.Tolerant, runner.MayRun = true, rule.allows
	if _, err := runner.Run(installed, installed.ByPackage()); err != nil {
		return err
	}
	if m.isPnP() {
		if err := m.runUnplugged(runner); err != nil {
			return err
		}
	}
	rule.warn(m)
	return nil
}

// scriptRunner returns a runner of install scripts.
func (m *manager) scriptRunner(env environ.List, target, host targets.Target) installscripts.Runner {
	terms := installscripts.Yarn
	if m.classic() {
		terms = installscripts.YarnClassic
	}
	return installscripts.Runner{Env: env, Terms: terms, Commands: m.scriptCommands(), Target: target, Host: host, Left: m.warnOfLeft, Log: m.log}
}

// mark marks the packages that the lockfile has as optional ones only, or for
// development only.
func (m *manager) mark(installed *installscripts.Tree) {
	type kind struct{ optional, dev bool }
	kinds := map[string]kind{}
	for _, one := range m.lock.graph.Packages {
		if key := one.Name + "@" + one.Version; !one.Link {
			only, known := kinds[key]
			kinds[key] = kind{one.Optional && (only.optional || !known), one.Dev && (only.dev || !known)}
		}
	}
	for i := range installed.Packages {
		one := &installed.Packages[i]
		found := kinds[one.Manifest.Name+"@"+one.Manifest.Version]
		one.Optional, one.Dev = found.optional, found.dev
	}
}

// scriptEnvironment returns the environment of install scripts, with what Yarn sets
// for all of them.
func (m *manager) scriptEnvironment() environ.List {
	env := m.runEnvironment()
	if home := env.Get("NODE_HOME"); home != "" {
		env = env.Default("npm_config_nodedir", home)
	}
	if _, script := nodeGyp(env); script != "" {
		env = env.Default("npm_config_node_gyp", script)
	}
	agent := fmt.Sprintf("yarn/%s npm/? node/v%s linux %s", m.yarn.Version, m.node.Node, map[string]string{"amd64": "x64"}[runtime.GOARCH]+map[string]string{"arm64": "arm64"}[runtime.GOARCH])
	if m.isPnP() {
		env = env.With("NODE_OPTIONS", strings.TrimSpace(env.Get("NODE_OPTIONS")+" "+m.pnpOptions()))
	}
	return env.Default("JOBS", "max").With("npm_config_user_agent", agent).With("npm_execpath", m.yarn.Argv[len(m.yarn.Argv)-1]).With("INIT_CWD", m.project.Dir)
}

// scriptCommands returns the folders with the commands yarn and node-gyp.
func (m *manager) scriptCommands() (all []string) {
	all = []string{m.yarn.Bin()}
	if dir, _ := nodeGyp(m.env); dir != "" {
		all = append(all, dir)
	}
	return all
}

// nodeGyp finds the node-gyp of the npm on the PATH: a folder with the command, and
// its script. Both are empty if there is none.
func nodeGyp(env environ.List) (dir, script string) {
	npm, err := lookPath("npm", env.Get("PATH"))
	if err != nil {
		return "", ""
	}
	if npm, err = filepath.EvalSymlinks(npm); err != nil {
		return "", ""
	}
	home := filepath.Dir(filepath.Dir(npm))
	script = filepath.Join(home, "node_modules", "node-gyp", "bin", "node-gyp.js")
	dir = filepath.Join(home, "node_modules", "@npmcli", "run-script", "lib", "node-gyp-bin")
	if !tree.Exists(script) || !tree.Exists(dir) {
		return "", ""
	}
	return dir, script
}

// removeForeign removes the packages that are made for musl only: Yarn 1 does not
// know the field libc of package.json.
func (m *manager) removeForeign(p modules.Part) error {
	installed, err := scan(m.project.Dir)
	if err != nil {
		return err
	}
	want := deps.PlatformOf(p.Target)
	for _, one := range installed.Packages {
		if one.Linked || len(one.Libc) == 0 || one.RunsOn(want) || !strings.HasPrefix(one.Path, "node_modules/") && !strings.Contains(one.Path, "/node_modules/") {
			continue
		}
		if err := tree.Remove(one.Dir); err != nil {
			return fmt.Errorf("removing a package for another C library: %w", err)
		}
	}
	return nil
}
