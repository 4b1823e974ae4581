package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// collect moves the project's node_modules into the layer, with those of linked
// folders and of a lockfile's workspaces. It returns the paths of all, relative to
// the project.
func (e *engine) collect(s spec, layerDir string) ([]string, error) {
	places := []string{}
	todo, err := e.ownModules(s)
	if err != nil {
		return nil, err
	}
	for len(todo) > 0 {
		place := todo[0]
		todo = todo[1:]
		from := filepath.Join(e.project.Dir, place)
		if info, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		places = append(places, place)
		linked, err := tree.AnchorLinks(from, e.absolute(append(todo, places...))...)
		if err != nil {
			return nil, err
		}
		for _, folder := range linked {
			rel, err := filepath.Rel(e.project.Dir, filepath.Join(folder, nodemodules.Dir))
			if err == nil && !strings.HasPrefix(rel, "..") && !slices.Contains(append(todo, places...), rel) {
				todo = append(todo, rel)
			}
		}
	}
	for _, place := range places {
		if err := e.place(s, filepath.Join(e.project.Dir, place), filepath.Join(layerDir, place)); err != nil {
			return nil, err
		}
	}
	if len(places) == 0 || places[0] != nodemodules.Dir {
		// Nothing was installed: an empty folder, so that the link has a target.
		if err := os.Mkdir(filepath.Join(layerDir, nodemodules.Dir), 0o755); err != nil {
			return nil, err
		}
		places = append([]string{nodemodules.Dir}, places...)
	}
	sort.Strings(places)
	return places, nil
}

// ownModules returns the node_modules of the project and, if the lockfile is that of
// a virtual store, of the folders that the layer is for, whose links into each other
// stay relative.
func (e *engine) ownModules(s spec) ([]string, error) {
	all := []string{nodemodules.Dir}
	if e.project.Lock.StoreDir == "" {
		return all, nil
	}
	folders, err := e.selection.folders(s.dev())
	if err != nil {
		return nil, err
	}
	for _, folder := range e.project.Lock.Folders() {
		place := filepath.Join(folder, nodemodules.Dir)
		switch {
		case !filepath.IsLocal(folder):
		case slices.Contains(folders, folder):
			all = append(all, place)
		default: // the manager has installed more than is needed
			if err := tree.Remove(filepath.Join(e.project.Dir, place)); err != nil {
				return nil, fmt.Errorf("removing what the layer %s is not for: %w", s.layer(), err)
			}
		}
	}
	return all, nil
}

// absolute returns paths in the project as absolute ones.
func (e *engine) absolute(places []string) []string {
	all := make([]string, len(places))
	for i, place := range places {
		all[i] = filepath.Join(e.project.Dir, place)
	}
	return all
}

func (e *engine) place(s spec, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("making a folder in the layer %s: %w", s.layer(), err)
	}
	if s.keeps() {
		return tree.Copy(from, to)
	}
	if err := tree.Move(from, to); err != nil {
		return fmt.Errorf("moving modules into the layer %s: %w", s.layer(), err)
	}
	return nil
}

// finishLaunch removes tools' caches, build intermediates and prebuilds for other
// platforms from the layer, checks the native files, and returns their number.
func (e *engine) finishLaunch(layerDir string) (natives int, err error) {
	if !e.settings.keepCache {
		if err := tree.Remove(filepath.Join(layerDir, nodemodules.Dir, cacheFolder)); err != nil {
			return 0, fmt.Errorf("removing node_modules/.cache: %w", err)
		}
	}
	if err := native.RemoveObjects(layerDir); err != nil {
		return 0, err
	}
	if err := native.RemoveForeignPrebuilds(layerDir, e.target); err != nil {
		return 0, err
	}
	defer e.spans.Start(spans.Task, "checking native files")()
	return e.checkNative(layerDir)
}
