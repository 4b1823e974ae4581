package yarn

import (
	"path/filepath"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// Run runs a build script with Yarn, or an install script of the project or of a
// workspace, with the NODE_ENV of the build.
func (m *manager) Run(s modules.Script) error {
	if s.Install {
		if ignored, err := m.ignoresScripts(); ignored || err != nil {
			return err
		}
		host, err := targets.Host()
		if err != nil {
			return err
		}
		return m.scriptRunner(m.scriptEnvironment(), host, host).RunOwn(m.project.Dir, s.Folder, s.Name)
	}
	files, err := m.homeFiles()
	if err != nil {
		return err
	}
	ended, err := m.run(call{dir: filepath.Join(m.project.Dir, s.Folder), env: m.runEnvironment(), files: files, args: append([]string{"run", s.Name}, s.Args...)})
	if err != nil || ended.Err == nil {
		return err
	}
	return modules.ScriptFailure("yarn", s, ended, ended.MissingCommand())
}

// runEnvironment returns the environment for scripts.
func (m *manager) runEnvironment() environ.List {
	env := m.env.With("YARN_IGNORE_PATH", "1").With("SKIP_YARN_COREPACK_CHECK", "1")
	if m.classic() {
		return env.With("YARN_CACHE_FOLDER", m.cache.Dir).With("YARN_DISABLE_SELF_UPDATE_CHECK", "1")
	}
	return m.berryEnvironment(env)
}
