package programs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Program is an installed package manager.
type Program struct {
	Manager string
	Version string
	Argv    []string // the program, or "node" and the program's file
	Dir     string   // the layer; its bin folder has commands with the manager's names
}

// Bin is the folder with the manager's commands: put it on the PATH of scripts.
func (p Program) Bin() string { return filepath.Join(p.Dir, "bin") }

// Command returns a call of the program in a folder. It has the environment's
// Node.js, and the program's commands go first on its PATH, so that scripts call
// the same program.
func (p Program) Command(env environ.List, dir string, args ...string) (*exec.Cmd, error) {
	env = env.With("PATH", p.Bin()+":"+env.Get("PATH"))
	argv := append(append([]string{}, p.Argv...), args...)
	path := argv[0]
	if !filepath.IsAbs(path) {
		var err error
		if path, err = LookPath(path, env.Get("PATH")); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Dir = dir
	cmd.Env = env.With("PWD", dir)
	return cmd, nil
}

// LookPath is exec.LookPath for another PATH than this process's. A missing program
// is a [failure.Failure] with the id node-missing.
func LookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &failure.Failure{
		ID:     "node-missing",
		Cause:  fmt.Sprintf("there is no %s on the PATH of the build, %q", name, path),
		Remedy: "add a buildpack that provides node before this one, for example armature/node-engine.",
		Err:    exec.ErrNotFound,
	}
}

// command is a name of a manager, and its file in the packages.
type command struct{ name, file string }

// commandsOf returns the commands of a program that was unpacked.
func commandsOf(manager string, native bool) []command {
	switch {
	case manager == packagemanager.PNPM && native:
		return []command{{"pnpm", "pnpm"}}
	case manager == packagemanager.PNPM:
		return []command{{"pnpm", "bin/pnpm"}, {"pnpx", "bin/pnpx"}}
	case manager == packagemanager.Bun:
		return []command{{"bun", "bin/bun"}, {"bunx", "bin/bun"}}
	}
	return []command{{"yarn", "bin/yarn.js"}, {"yarnpkg", "bin/yarn.js"}}
}

// forms are the endings of a Node.js program's file.
var forms = []string{"", ".cjs", ".mjs", ".js"}

// locate finds a command's file below dir.
func (c command) locate(dir string) (string, error) {
	for _, form := range forms {
		path := filepath.Join(dir, c.file+form)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fmt.Errorf("the package has no %s", c.file)
}
