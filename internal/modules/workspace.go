package npminstall

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// A project that is a workspace is installed in the root of its workspaces,
// with the root's lockfile, and gets what it needs and nothing else:
//
//   - for the build, its dependencies and those of the workspaces that it
//     depends on, each with devDependencies, and the dependencies of the root,
//     where the tools of a monorepo mostly are,
//   - for the launch, the closure of its dependencies. npm installs somewhat
//     more (what a workspace needs for development, when another one needs it
//     in production), which is taken away again.

// keepVariable is the setting that keeps workspaces of no concern in the app.
const keepVariable = "BP_NODE_KEEP_WORKSPACES"

// workspaceArgs are the arguments by which npm installs a workspace.
func (b *build) workspaceArgs(p part) []string {
	switch {
	case b.workspace == "":
		return nil
	case p.dev:
		return []string{"--workspace", b.workspace, "--include-workspace-root"}
	}
	return []string{"--workspace", b.workspace}
}

// readLock reads the lockfile of the folder that is installed in. Where there
// is none, that which npm keeps in node_modules will do.
func (b *build) readLock() (lock deps.Graph, found bool, err error) {
	if lock, found, err = npmlock.Read(b.dir); found || err != nil {
		return lock, found, err
	}
	text, err := regular.ReadFile(filepath.Join(b.dir, nodemodules.Dir, hiddenLockfile))
	if err != nil {
		return deps.Graph{}, false, nil
	}
	lock, err = npmlock.Parse(text)
	return lock, err == nil, nil
}

// lockWorkspace lets npm write a lockfile for a workspace without one: only
// that tells what the workspace needs.
func (b *build) lockWorkspace() (err error) {
	if b.workspace == "" || b.process != processInstall {
		return nil
	}
	if err := b.keepingYarnLock(func() error { return b.npm.run(b.dir, "install", "--package-lock-only") }); err != nil {
		return err
	}
	if b.lock, _, err = npmlock.Read(b.dir); err != nil {
		return err
	}
	b.scripts, err = b.planScripts()
	return err
}

// closure is what the workspace needs. It is not known for a project of its
// own, and where no lockfile tells.
func (b *build) closure(dev bool) (closure deps.Closure, known bool, err error) {
	if b.workspace == "" {
		return deps.Closure{}, false, nil
	}
	if closure, known = b.closures[dev]; known {
		return closure, true, nil
	}
	lock, found, err := b.readLock()
	if err != nil || !found {
		return deps.Closure{}, false, err
	}
	if closure, known = lock.Closure(b.workspace, dev); known {
		b.closures[dev] = closure
	}
	return closure, known, nil
}

// installed tells of the paths in the lockfile which a part installs.
func (b *build) installed(p part) (func(path string) bool, error) {
	closure, known, err := b.closure(p.dev)
	if err != nil || !known {
		return func(string) bool { return true }, err
	}
	var root deps.Closure
	if p.dev {
		lock, _, err := b.readLock()
		if err != nil {
			return nil, err
		}
		root, _ = lock.Closure("", true)
	}
	return func(path string) bool { return closure.Packages[path] || root.Packages[path] }, nil
}

// folders are those whose package.json and scripts a part depends on, beside
// the folder that is installed in: workspaces and file: dependencies.
func (b *build) folders(p part) ([]string, error) {
	closure, known, err := b.closure(p.dev)
	if known {
		return closure.Folders, nil
	}
	return b.lock.Links(), err
}

// starts are the folders whose dependencies are installed: the workspace's, or
// the project's and those of the workspaces that there are.
func (b *build) starts() []string {
	if b.workspace != "" {
		return []string{b.workspace}
	}
	starts := []string{""}
	for _, folder := range b.lock.Links() {
		if project.IsWorkspace(b.root.Workspaces, folder) && tree.Exists(filepath.Join(b.dir, folder)) {
			starts = append(starts, folder)
		}
	}
	return starts
}

func describeFolder(folder string) string {
	if folder == "" {
		return "the project"
	}
	return "the workspace " + folder
}

// withoutRootScripts lets npm install for the launch without the scripts of
// the root's package.json: what they call is not installed there.
func (b *build) withoutRootScripts(p part, call func() error) (err error) {
	names := ownInstallScripts(b.root)
	if b.workspace == "" || p.dev || len(names) == 0 {
		return call()
	}
	b.log.Subprocess("Leaving out the root's script %s: its dependencies are not the workspace's", strings.Join(names, ", "))
	path := filepath.Join(b.dir, packagejson.FileName)
	original, err := regular.ReadFile(path)
	if err != nil {
		return err
	}
	fields, err := packagejson.ReadFields(b.dir)
	if err != nil {
		return err
	}
	delete(fields, "scripts")
	without, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, original, 0o644)) }()
	if err := os.WriteFile(path, without, 0o644); err != nil {
		return err
	}
	return call()
}

// keepClosure removes the packages from the folder's modules that the
// workspace does not need in production.
func (b *build) keepClosure() error {
	closure, known, err := b.closure(false)
	if err != nil || b.workspace == "" {
		return err
	}
	if !known {
		b.log.Subprocess("WARNING: no lockfile tells what %s needs, so that all of %s goes into the image", b.workspace, nodemodules.Dir)
		return nil
	}
	lock, _, err := b.readLock()
	if err != nil {
		return err
	}
	for _, p := range lock.Packages {
		if closure.Packages[p.Path] || !p.InNodeModules() || !filepath.IsLocal(p.Path) {
			continue
		}
		if err := tree.Remove(filepath.Join(b.dir, p.Path)); err != nil {
			return fmt.Errorf("removing what %s does not need: %w", b.workspace, err)
		}
	}
	for _, folder := range append([]string{""}, closure.Folders...) {
		if err := tidy(filepath.Join(b.dir, folder, nodemodules.Dir)); err != nil {
			return fmt.Errorf("removing what %s does not need: %w", b.workspace, err)
		}
	}
	return nil
}

// tidy removes what packages leave behind in a node_modules when they are
// removed: scopes that are empty, commands that lead nowhere, npm's list.
func tidy(modules string) error {
	entries, err := os.ReadDir(modules)
	if err != nil {
		return nil // none
	}
	if err := os.Remove(filepath.Join(modules, hiddenLockfile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		dir := filepath.Join(modules, entry.Name())
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), "@") && entry.Name() != ".bin" {
			continue
		}
		inner, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		left := len(inner)
		for _, one := range inner {
			if _, err := os.Stat(filepath.Join(dir, one.Name())); errors.Is(err, fs.ErrNotExist) && entry.Name() == ".bin" {
				left--
				if err := os.Remove(filepath.Join(dir, one.Name())); err != nil {
					return err
				}
			}
		}
		if left == 0 {
			if err := os.Remove(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeUnrelated removes the folders of workspaces from the app that this one
// does not need: for the build, where another buildpack works with its
// dependencies for development, or else for the launch.
func (b *build) removeUnrelated(p plan) error {
	closure, known, err := b.closure(p.build)
	if err != nil || !known || b.keepFolders {
		return err
	}
	lock, _, err := b.readLock()
	if err != nil {
		return err
	}
	var removed []string
	for _, folder := range lock.Links() {
		needed := slices.ContainsFunc(closure.Folders, func(needed string) bool {
			return needed == folder || strings.HasPrefix(needed, folder+"/")
		})
		place := filepath.Join(b.dir, folder)
		if needed || !filepath.IsLocal(folder) || folder == "." || !project.IsWorkspace(b.root.Workspaces, folder) || !tree.Exists(place) {
			continue
		}
		if err := tree.Remove(place); err != nil {
			return fmt.Errorf("removing a workspace that %s does not need: %w", b.workspace, err)
		}
		removed = append(removed, folder)
	}
	if len(removed) > 0 {
		b.log.Process("Removing workspaces from the app that %s does not need: %s", b.workspace, strings.Join(removed, ", "))
		b.log.Subprocess("%s=true keeps them.", keepVariable)
		b.log.Break()
	}
	return nil
}
