// Package managers makes the benchmark's apps of other package managers, with the
// managers' own programs.
package managers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
)

// Manager is a package manager that is measured.
type Manager struct {
	Name    string   // of the scenario, and of the Dockerfile's kind
	Pin     string   // packageManager in package.json
	Package string   // of the program in the npm registry
	Version string   // of the package
	Program string   // below the package's folder, without its suffix for Node.js
	Files   []string // that an install needs beside package.json
	Relock  []string // the arguments that write the lockfile

	Config map[string]string // files of the project, by name
	Left   []string          // what writing the lockfile leaves behind
}

// All are the measured managers.
var All = []Manager{
	{
		Name: "pnpm", Pin: "pnpm@10.34.9", Package: "pnpm", Version: "10.34.9", Program: "bin/pnpm.cjs", Files: []string{"pnpm-lock.yaml"},
		Relock: []string{"install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"},
	},
	{
		Name: "yarn1", Pin: "yarn@1.22.22", Package: "yarn", Version: "1.22.22", Program: "bin/yarn.js", Files: []string{"yarn.lock"},
		Relock: []string{"install", "--ignore-scripts", "--non-interactive"}, Left: []string{"node_modules"},
	},
	{
		Name: "yarn4", Pin: "yarn@4.18.1", Package: "@yarnpkg/cli-dist", Version: "4.18.1", Program: "bin/yarn.js", Files: []string{"yarn.lock", ".yarnrc.yml"},
		Relock: []string{"install", "--mode=update-lockfile"}, Left: []string{".yarn"},
		Config: map[string]string{".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": ""},
	},
	{
		Name: "bun", Pin: "bun@1.4.5", Package: "bun", Version: "1.4.5", Program: "bin/bun.exe", Files: []string{"bun.lock"},
		Relock: []string{"install", "--lockfile-only", "--ignore-scripts"},
	},
}

// Find returns the manager with a name.
func Find(name string) (Manager, bool) {
	i := slices.IndexFunc(All, func(m Manager) bool { return m.Name == name })
	if i < 0 {
		return Manager{}, false
	}
	return All[i], true
}

// Tools has the managers' programs, in the folder work.
type Tools struct {
	node hostnode.Node
	work string
}

// Prepare gets the programs.
func Prepare(ctx context.Context, node hostnode.Node, work string) (Tools, error) {
	t := Tools{node: node, work: work}
	for _, m := range All {
		dir := t.dir(m)
		if _, err := os.Stat(t.program(m)); err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return t, err
		}
		cache := filepath.Join(dir, "cache")
		if err := errors.Join(node.NPM(ctx, dir, cache, "install", "--no-save", m.Package+"@"+m.Version), os.RemoveAll(cache)); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (t Tools) dir(m Manager) string { return filepath.Join(t.work, m.Name) }

func (t Tools) program(m Manager) string {
	return filepath.Join(t.dir(m), "node_modules", m.Package, m.Program)
}

// Convert makes a project of npm's one of the manager's.
func (t Tools) Convert(ctx context.Context, m Manager, dir string) error {
	err := errors.Join(os.RemoveAll(filepath.Join(dir, "package-lock.json")), edit(dir, func(manifest map[string]any) { manifest["packageManager"] = m.Pin }))
	for name, text := range m.Config {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	if err != nil {
		return err
	}
	return t.relock(ctx, m, dir)
}

// Add gives a project a version of one package more, or another version of it.
func (t Tools) Add(ctx context.Context, m Manager, dir, name, version string) error {
	err := edit(dir, func(manifest map[string]any) {
		all, _ := manifest["dependencies"].(map[string]any)
		all[name] = version
	})
	if err != nil {
		return err
	}
	return t.relock(ctx, m, dir)
}

// relock writes the lockfile anew, with this machine's registry and none of its other
// configuration.
func (t Tools) relock(ctx context.Context, m Manager, dir string) error {
	command := append([]string{t.program(m)}, m.Relock...)
	if m.Name != "bun" {
		command = append([]string{filepath.Join(t.node.Dir, "bin/node")}, command...)
	}
	home, err := os.MkdirTemp(t.work, "home-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+home, "PATH="+filepath.Join(t.node.Dir, "bin")+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+home, "XDG_DATA_HOME="+home,
		"YARN_CACHE_FOLDER="+filepath.Join(home, "yarn"), "YARN_ENABLE_GLOBAL_CACHE=true", "YARN_ENABLE_TELEMETRY=0", "YARN_ENABLE_IMMUTABLE_INSTALLS=false", "BUN_INSTALL_CACHE_DIR="+filepath.Join(home, "bun"))
	if t.node.CA != "" {
		cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+t.node.CA)
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("writing the lockfile of %s: %w\n%s", m.Name, err, output)
	}
	for _, left := range m.Left {
		if err := os.RemoveAll(filepath.Join(dir, left)); err != nil {
			return err
		}
	}
	return nil
}

// edit changes a project's package.json.
func edit(dir string, change func(manifest map[string]any)) error {
	path := filepath.Join(dir, "package.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var manifest map[string]any
	if err := json.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	change(manifest)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(manifest); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
