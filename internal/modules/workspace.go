package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/project"
)

// A workspace is installed in the root of its workspaces, with the root's lockfile,
// and gets only what it needs:
//
//   - for the build, its dependencies and those of the workspaces that it depends
//     on, each with devDependencies, and the root's dependencies, which usually are
//     the tools of a monorepo,
//   - for the launch, the closure of its dependencies. A manager may install more
//     (npm installs a workspace's devDependencies if another workspace needs them
//     in production), which is removed again.

// keepClosure removes packages from the install folder's modules that the workspace
// does not need in production.
func (e *engine) keepClosure() error {
	closure, known, err := e.selection.closure(false)
	if err != nil || e.project.Workspace == "" {
		return err
	}
	if !known {
		e.log.Subprocess("WARNING: no lockfile tells what %s needs, so that all of %s goes into the image", e.project.Workspace, nodemodules.Dir)
		return nil
	}
	lock, _, err := e.selection.readLock()
	if err != nil || lock.Virtual { // then the manager installs no more
		return err
	}
	for _, p := range lock.Packages {
		if closure.Packages[p.Path] || !p.InNodeModules() || !filepath.IsLocal(p.Path) {
			continue
		}
		place := p.Path
		if folder := lock.StoreFolder(p); folder != "" && !p.Link {
			place = folder
		}
		if err := tree.Remove(filepath.Join(e.project.Dir, place)); err != nil {
			return fmt.Errorf("removing what %s does not need: %w", e.project.Workspace, err)
		}
	}
	if lock.StoreDir != "" {
		if err := nodemodules.RemoveDangling(filepath.Join(e.project.Dir, nodemodules.Dir)); err != nil {
			return fmt.Errorf("removing what %s does not need: %w", e.project.Workspace, err)
		}
	}
	for _, folder := range append([]string{""}, closure.Folders...) {
		if err := e.tidy(filepath.Join(e.project.Dir, folder, nodemodules.Dir)); err != nil {
			return fmt.Errorf("removing what %s does not need: %w", e.project.Workspace, err)
		}
	}
	return nil
}

// tidy removes what removed packages leave in a node_modules: empty scopes,
// dangling commands, the manager's own files.
func (e *engine) tidy(modules string) error {
	entries, err := os.ReadDir(modules)
	if err != nil {
		return nil // none
	}
	for _, note := range e.manager.Words().Notes {
		if err := os.Remove(filepath.Join(modules, note)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
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

// removeUnrelated removes workspaces from the app that this one does not need: for
// the build if another buildpack requires modules then, or else for the launch.
func (e *engine) removeUnrelated(d demand) error {
	closure, known, err := e.selection.closure(d.build || d.dev)
	if err != nil || !known || e.settings.keepFolders {
		return err
	}
	lock, _, err := e.selection.readLock()
	if err != nil {
		return err
	}
	var removed []string
	for _, folder := range lock.Folders() {
		needed := slices.ContainsFunc(closure.Folders, func(needed string) bool {
			return needed == folder || strings.HasPrefix(needed, folder+"/")
		})
		place := filepath.Join(e.project.Dir, folder)
		if needed || !filepath.IsLocal(folder) || folder == "." || !project.IsWorkspace(e.project.Workspaces, folder) || !tree.Exists(place) {
			continue
		}
		if err := tree.Remove(place); err != nil {
			return fmt.Errorf("removing a workspace that %s does not need: %w", e.project.Workspace, err)
		}
		removed = append(removed, folder)
	}
	if len(removed) > 0 {
		e.log.Process("Removing workspaces from the app that %s does not need: %s", e.project.Workspace, strings.Join(removed, ", "))
		e.log.Subprocess("%s=true keeps them.", keepVariable)
		e.log.Break()
	}
	return nil
}
