package bun

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/program"
)

// nodeVersions is the real process.versions of the build's Node.js.
type nodeVersions struct {
	Node    string `json:"node"`
	Modules string `json:"modules"` // the ABI of native modules
	NAPI    string `json:"napi"`
}

func askNode(env environ.List, dir string) (v nodeVersions, err error) {
	path, err := programs.LookPath("node", env.Get("PATH"))
	if err != nil {
		return v, err
	}
	cmd := exec.Command(path, "--print", "JSON.stringify(process.versions)")
	cmd.Dir, cmd.Env = dir, env
	output, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(output, &v)
	}
	if err != nil {
		return v, fmt.Errorf("asking Node.js for its versions: %w", err)
	}
	return v, nil
}

func versionOf(p programs.Program) *semver.Version { return semver.MustParse(p.Version) }

// baseEnv returns the environment of every call: nothing asks, and nothing reports
// to anybody.
func (m *manager) baseEnv() environ.List {
	return m.env.With("CI", "1").With("DO_NOT_TRACK", "1").With("BUN_RUNTIME_TRANSPILER_CACHE_PATH", "0")
}

// scriptEnv returns the environment of scripts.
func (m *manager) scriptEnv(p programs.Program) environ.List {
	env := m.env.With("PATH", p.Bin()+":"+m.env.Get("PATH")).With("INIT_CWD", m.project.Dir).
		With("npm_config_user_agent", fmt.Sprintf("bun/%s npm/? node/v%s linux", p.Version, m.node.Node)).With("npm_execpath", filepath.Join(p.Bin(), "bun"))
	if node, err := programs.LookPath("node", m.env.Get("PATH")); err == nil {
		env = env.With("npm_node_execpath", node)
	}
	if home := m.env.Get("NODE_HOME"); home != "" {
		env = env.Default("npm_config_nodedir", home)
	}
	return env.Default("JOBS", "max") // otherwise node-gyp compiles with one processor
}

// gypCommands returns the folder with npm's command node-gyp, if npm is there: Bun
// has none of its own, and would fetch one.
func (m *manager) gypCommands() []string {
	npm, err := programs.LookPath("npm", m.env.Get("PATH"))
	if err != nil {
		return nil
	}
	if npm, err = filepath.EvalSymlinks(npm); err != nil {
		return nil
	}
	dir := filepath.Join(filepath.Dir(filepath.Dir(npm)), "node_modules", "@npmcli", "run-script", "lib", "node-gyp-bin")
	if _, err := os.Stat(filepath.Join(dir, "node-gyp")); err != nil {
		return nil
	}
	return []string{dir}
}

// run runs Bun and logs its output. A fault of Bun's is a [failure.Failure].
func (m *manager) run(p programs.Program, dir string, args ...string) error {
	if err := m.downloads.Open(); err != nil {
		return err
	}
	env := m.baseEnv().With("BUN_INSTALL_CACHE_DIR", m.downloads.Dir)
	o, err := m.execute(p, env, dir, args...)
	if err != nil || o == nil {
		return err
	}
	if err := otherRegistry(m.project.Lock, o.Output); err != nil {
		return err
	}
	return classify(fault{Outcome: *o, args: args})
}

// execute runs Bun, and returns how it failed.
func (m *manager) execute(p programs.Program, env environ.List, dir string, args ...string) (ended *outcome.Outcome, err error) {
	env, remove, err := m.config.apply(env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	m.log.Subprocess("%s", "Running 'bun "+strings.Join(args, " ")+"'")
	cmd, err := p.Command(env, dir, args...)
	if err != nil {
		return nil, err
	}
	output := &outcome.Tail{}
	both := io.MultiWriter(m.log.ActionWriter, output)
	cmd.Stdout, cmd.Stderr = both, both
	start := time.Now()
	left, err := program.Run(cmd)
	if len(left) > 0 {
		m.log.Action("WARNING: bun left processes behind, which were ended: %s", program.Names(left))
	}
	if err != nil {
		return &outcome.Outcome{Err: err, Output: output.String()}, nil
	}
	m.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
	m.log.Break()
	return nil, nil
}

// capture runs Bun and returns its output.
func (m *manager) capture(dir string, args ...string) (text string, err error) {
	env, remove, err := m.config.apply(m.baseEnv())
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, remove()) }()
	cmd, err := m.program.Command(env, dir, args...)
	if err != nil {
		return "", err
	}
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running bun %s: %w", strings.Join(args, " "), err)
	}
	return string(output), nil
}
