package bun

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// writesText is the first Bun that writes a binary lockfile as text.
const writesText = "1.2.0"

// binaryLock returns what Bun reads of bun.lockb. Before [manager.readBinary] it has
// nothing but the file's name: only Bun can read the file.
func (m *manager) binaryLock() (graph deps.Graph, err error) {
	if m.text == nil {
		return deps.Graph{File: bunlock.Binary, Sparse: true}, nil
	}
	if graph, err = bunlock.Parse(m.text); err != nil {
		return deps.Graph{}, fmt.Errorf("reading %s as Bun writes it: %w", bunlock.Binary, err)
	}
	graph.File = bunlock.Binary
	return graph, nil
}

// readBinary lets Bun write a project's binary lockfile as text, for the graph of
// its packages, and leaves the project's folder as it was: Bun installs from the
// binary one. A lockfile that does not fit is a [failure.Failure], as on install.
func (m *manager) readBinary() (err error) {
	if m.project.Lock.File != bunlock.Binary {
		return nil
	}
	binary, text := filepath.Join(m.project.Dir, bunlock.Binary), filepath.Join(m.project.Dir, bunlock.Text)
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	content, err := regular.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
	}
	program := m.program
	if !since(m.version, writesText) {
		program = m.newer
	}
	if err := m.writeText(program); err != nil {
		return err
	}
	if m.text, err = regular.ReadFile(text); err != nil {
		return fmt.Errorf("reading what Bun made of %s: %w", bunlock.Binary, regular.TooLarge(err))
	}
	if err := errors.Join(os.Remove(text), os.WriteFile(binary, content, info.Mode().Perm())); err != nil {
		return fmt.Errorf("putting %s back: %w", bunlock.Binary, err)
	}
	if m.project.Lock, _, err = m.ReadLock(m.project.Dir); err != nil {
		return err
	}
	return checkFolders(m.project)
}

// writeText lets Bun write the text in place of the binary lockfile. It asks the
// registry at most for documents of packages.
func (m *manager) writeText(p programs.Program) (err error) {
	cache, err := os.MkdirTemp("", "bun-lockb-") // the layer's would be unpacked even where nothing is installed
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Remove(cache)) }()
	args := []string{"install", "--save-text-lockfile", "--frozen-lockfile", "--lockfile-only", "--ignore-scripts"}
	o, err := m.execute(p, m.baseEnv().With("BUN_INSTALL_CACHE_DIR", cache), m.project.Dir, args...)
	if err != nil || o == nil {
		return err
	}
	return classify(fault{Outcome: *o, args: args})
}
