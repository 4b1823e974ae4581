package pnpm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// runScripts runs the packages' install scripts that pnpm's rules allow.
func (m *Manager) runScripts(part modules.Part) error {
	if ignored, err := m.ignoresScripts(); ignored || err != nil {
		return err
	}
	tree, err := installscripts.FromGraph(m.project.Dir, m.project.Lock)
	if m.project.Lock.Virtual {
		tree, err = m.installed()
	}
	if err != nil {
		return err
	}
	allow, err := newRule(m.pnpm.version, m.settings, m.project.Dir)
	if err != nil {
		return err
	}
	runner := m.runner(part.Target, part.Host)
	runner.Tolerant = true
	runner.MayRun = func(p installscripts.Package) bool { return !p.Linked && hasScripts(p) && allow.allows(p.Package) }
	if _, err = runner.Run(tree, tree.ByPackage()); err != nil {
		return err
	}
	return allow.report(m.log)
}

// hasScripts reports whether a package has scripts to run on install.
func hasScripts(p installscripts.Package) bool {
	return p.Command("preinstall") != "" || p.Command("install") != "" || p.Command("postinstall") != ""
}

// runner returns a runner with the variables that pnpm gives to scripts.
func (m *Manager) runner(target, host targets.Target) installscripts.Runner {
	env := m.pnpm.env.With("PATH", m.pnpm.program.Bin()+":"+m.pnpm.env.Get("PATH"))
	for _, pair := range [][2]string{
		{"npm_config_user_agent", fmt.Sprintf("pnpm/%s npm/? node/%s linux %s", m.pnpm.version, m.pnpm.node.Node, host.Node())},
		{"npm_execpath", m.pnpm.program.Argv[len(m.pnpm.program.Argv)-1]},
		{"INIT_CWD", m.project.Dir},
	} {
		env = env.With(pair[0], pair[1])
	}
	return installscripts.Runner{
		Env: env, Terms: installscripts.PNPM, Target: target, Host: host, Shell: m.settings.ScriptShell, Log: m.log, Commands: m.pnpm.nodeGyp(),
		Variables: func(p installscripts.Package) environ.List { return environ.List{"PNPM_SCRIPT_SRC_DIR=" + p.Dir} },
	}
}

// nodeGyp returns the folder with the node-gyp that comes with pnpm.
func (p pnpm) nodeGyp() []string {
	file, err := filepath.EvalSymlinks(p.program.Argv[len(p.program.Argv)-1]) // the layer's command is a link
	if err != nil {
		return nil
	}
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(filepath.Dir(file))} {
		found := filepath.Join(dir, "dist", "node-gyp-bin")
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return []string{found}
		}
	}
	return nil
}

// onlyAllow matches a command that only checks that pnpm installs.
var onlyAllow = regexp.MustCompile(`^(?:npx|pnpx|pnpm dlx) (?:-y |--yes )?only-allow pnpm$`)

// Run runs an install or build script of the project or of a workspace.
func (m *Manager) Run(script modules.Script) error {
	if !script.Install {
		return m.runBuildScript(script)
	}
	if ignored, err := m.ignoresScripts(); ignored || err != nil {
		return err
	}
	if onlyAllow.MatchString(strings.TrimSpace(script.Package.Scripts[script.Name])) {
		return nil
	}
	host, err := targets.Host()
	if err != nil {
		return err
	}
	return m.runner(host, host).RunOwn(m.project.Dir, script.Folder, script.Name)
}

// runBuildScript lets pnpm run a script, with its hooks.
func (m *Manager) runBuildScript(script modules.Script) error {
	return within(func(scratch string) error {
		p, err := m.configured(scratch)
		if err != nil {
			return err
		}
		args := []string{"run", script.Name}
		if len(script.Args) > 0 {
			args = append([]string{"exec", script.Name}, script.Args...)
		}
		f, err := p.execute(filepath.Join(m.project.Dir, script.Folder), args...)
		if err != nil || f == nil {
			return err
		}
		return scriptFailure(script, *f)
	})
}
