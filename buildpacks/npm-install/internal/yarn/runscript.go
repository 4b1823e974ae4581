package yarn

import (
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Run runs a build script with Yarn, or an install script of the project or of a
// workspace, with the NODE_ENV of the build.
func (m *manager) Run(s modules.Script) error {
	if s.Install {
		return m.runInstallScript(s)
	}
	files, err := m.homeFiles()
	if err != nil {
		return err
	}
	ended, err := m.run(call{dir: filepath.Join(m.project.Dir, s.Folder), env: m.runEnvironment(), files: files, args: []string{"run", s.Name}})
	if err != nil || ended.Err == nil {
		return err
	}
	return scriptFailure(s, ended)
}

func (m *manager) runInstallScript(s modules.Script) error {
	host, err := targets.Host()
	if err != nil {
		return err
	}
	runner := m.scriptRunner(m.scriptEnvironment(), host, host)
	runner.Preparing = func(run func() error) error { return run() }
	runner.Explain = func(f installscripts.Failed) error {
		f.Package.Path, f.Package.Linked = s.Folder, s.Folder != ""
		return f.Failure()
	}
	return runner.RunProject(installscripts.Tree{Dir: filepath.Join(m.project.Dir, s.Folder)}, s.Name)
}

// runEnvironment returns the environment for scripts.
func (m *manager) runEnvironment() environ.List {
	env := m.env.With("YARN_IGNORE_PATH", "1").With("SKIP_YARN_COREPACK_CHECK", "1")
	if m.classic() {
		return env.With("YARN_CACHE_FOLDER", m.cache.Dir).With("YARN_DISABLE_SELF_UPDATE_CHECK", "1")
	}
	return m.berryEnvironment(env)
}

// scriptFailure says why a build script failed.
func scriptFailure(s modules.Script, o outcome.Outcome) error {
	end := fmt.Sprintf("the build script %s failed: `%s` ended with %s", s, s.Package.Scripts[s.Name], o.End())
	if command := o.MissingCommand(); command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `yarn add --dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, settings.RunScripts, modules.NoScripts),
		}
	}
	if found := outcome.Find(o.Output); found != nil {
		found.Cause = end + ": " + found.Cause
		return found
	}
	remedy := "its output above says why; `yarn run " + s.Name + "` in the package's folder, after `yarn install`, should say the same. "
	if o.Killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", settings.RunScripts, settings.RunScripts, modules.NoScripts),
	}
}
