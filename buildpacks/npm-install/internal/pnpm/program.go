package pnpm

import (
	"os/exec"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/environ"
)

// Program is pnpm's program.
type Program struct {
	Version string
	Argv    []string
	Dir     string
}

func (p Program) Bin() string { return filepath.Join(p.Dir, "bin") }

func (p Program) Command(env environ.List, dir string, args ...string) (*exec.Cmd, error) {
	env = env.With("PATH", p.Bin()+":"+env.Get("PATH"))
	argv := append(append([]string{}, p.Argv...), args...)
	path := argv[0]
	if !filepath.IsAbs(path) {
		var err error
		if path, err = lookPath(path, env.Get("PATH")); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Dir = dir
	cmd.Env = env.With("PWD", dir)
	return cmd, nil
}

func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", exec.ErrNotFound
}
