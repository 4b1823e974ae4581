package yarn

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// shim is a module that makes Yarn 1 choose packages for another CPU: it has no
// option for that.
const shim = `Object.defineProperty(process, 'arch', {value: %q})
Object.defineProperty(process, 'platform', {value: %q})
`

// shimFile is its name in the temporary HOME.
const shimFile = ".yarn-target.cjs"

// installClassic lets Yarn 1 install a part's packages.
func (m *manager) installClassic(p modules.Part) error {
	args := []string{"install", "--frozen-lockfile", "--ignore-scripts", "--ignore-engines", "--non-interactive", "--no-progress", "--prefer-offline"}
	if p.Dev {
		args = append(args, "--production=false")
	} else {
		args = append(args, "--production=true")
	}
	if err := m.standIn(p); err != nil {
		return err
	}
	if err := m.withWorkspaces(p, func() error { return m.runClassic(p, args...) }); err != nil {
		return err
	}
	return m.removeForeign(p)
}

// runClassic runs Yarn 1 for a part's target.
func (m *manager) runClassic(p modules.Part, args ...string) error {
	files, err := m.classicFiles()
	if err != nil {
		return err
	}
	env := m.environment(p).With("YARN_CACHE_FOLDER", m.cache.Dir).With("YARN_DISABLE_SELF_UPDATE_CHECK", "1")
	if p.Crosses() {
		file, remove, err := shimFor(p)
		if err != nil {
			return err
		}
		defer remove()
		env = env.With("NODE_OPTIONS", strings.TrimSpace(env.Get("NODE_OPTIONS")+" --require="+file))
	}
	output, err := m.classify(call{dir: m.project.Dir, env: env, files: files, args: args})
	if err != nil {
		return err
	}
	return m.lost(p, output)
}

// lost returns an error if Yarn 1 could not fetch an optional package that is made
// for the target, which it passes over: the package that needs it would not start.
func (m *manager) lost(p modules.Part, output string) error {
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "error ") {
			continue
		}
		for _, entry := range m.lock.Entries {
			archive := path.Base(entry.Name) + "-" + entry.Version + ".tgz"
			if deps.NamedFor(entry.RealName(), deps.PlatformOf(p.Target)) && strings.Contains(line, "/"+archive) && strings.Contains(line, entry.Name) {
				return explain("yarn install", outcome.Outcome{Err: fmt.Errorf("no package %s for %s", entry.Name, p.Target), Output: line}, true)
			}
		}
	}
	return nil
}

// shimFor writes the shim for a part's target.
func shimFor(p modules.Part) (file string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "yarn-target-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder for Yarn: %w", err)
	}
	remove = func() { os.RemoveAll(dir) }
	file = filepath.Join(dir, shimFile)
	if err := os.WriteFile(file, fmt.Appendf(nil, shim, p.Target.Node(), p.Target.OS), 0o644); err != nil {
		remove()
		return "", nil, fmt.Errorf("telling Yarn its target: %w", err)
	}
	return file, remove, nil
}

// classicFiles returns the files of HOME. Of the files that the environment can
// name, Yarn 1 reads the user's only; and it sends a token to the default registry
// only with always-auth.
func (m *manager) classicFiles() (map[string]string, error) {
	files := map[string]string{}
	var lines []string
	builtin, err := npmrc.BuiltinRegistry(m.env.Get)
	if err != nil {
		return nil, err
	}
	if builtin != "" {
		lines = append(lines, npmrc.Builtin(builtin, ""))
	}
	for _, file := range []string{m.config.npmrc, m.userConfig()} {
		text, err := readOptional(file)
		if err != nil {
			return nil, err
		}
		lines = append(lines, text)
	}
	text := strings.Join(lines, "\n")
	if strings.Contains(text, "_auth") || strings.Contains(text, "_password") {
		text += "\nalways-auth=true"
	}
	if strings.TrimSpace(text) != "" {
		files[npmConfig] = text + "\n"
	}
	if text, ok := m.config.files[classicConfig]; ok {
		own, err := readOptional(filepath.Join(m.env.Get("HOME"), classicConfig))
		if err != nil {
			return nil, err
		}
		files[classicConfig] = text + "\n" + own
	}
	return files, nil
}

// userConfig returns the path of npm's user configuration.
func (m *manager) userConfig() string {
	if path := npmrc.User(m.env); path != "" {
		return path
	}
	return filepath.Join(m.env.Get("HOME"), npmConfig)
}

// readOptional reads a text file, which may be missing.
func readOptional(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := regular.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// withWorkspaces installs a workspace: during the call, the root's package.json
// lists only the workspaces that it needs and, for the launch, has no dependencies
// of its own. Yarn 1 has no option for that.
func (m *manager) withWorkspaces(p modules.Part, install func() error) (err error) {
	if m.project.Workspace == "" {
		return install()
	}
	file := filepath.Join(m.project.Dir, packagejson.FileName)
	original, err := regular.ReadFile(file)
	if err != nil {
		return err
	}
	fields, err := packagejson.ReadFields(m.project.Dir)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(slices.Clone(p.Folders), func(folder string) bool { return folder == "" || strings.HasPrefix(folder, "..") })
	if object, ok := fields["workspaces"].(map[string]any); ok {
		object["packages"] = list // nohoist stays
	} else {
		fields["workspaces"] = list
	}
	if !p.Dev {
		for _, name := range []string{"dependencies", "devDependencies", "optionalDependencies", "scripts"} {
			delete(fields, name)
		}
	}
	reduced, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, original, 0o644)) }()
	if err := os.WriteFile(file, reduced, 0o644); err != nil {
		return err
	}
	return install()
}
