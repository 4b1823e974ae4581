package modules

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// frameworkCache is the folder of build-modules for the caches of a framework that
// are not in node_modules, such as .next/cache.
const frameworkCache = ".framework-cache"

// caches returns these folders, relative to the install folder.
func (i *installer) caches() (places []string) {
	for _, folder := range startup.Caches(i.project.Package) {
		if !strings.HasPrefix(folder, nodemodules.Dir+"/") {
			places = append(places, path.Join(i.project.Workspace, folder))
		}
	}
	return places
}

// installsForBuild reports whether scripts may install packages that only they need.
func (i *installer) installsForBuild() bool {
	p := startup.Project{App: i.project.App, Dir: i.project.Folder, Package: i.project.Package}
	return len(startup.BuildVariables(p, func(string) string { return "" })) > 0
}

// restoreCaches puts the caches of the previous build into the project, except
// those that the app brings.
func (i *installer) restoreCaches(layerDir string) error {
	for _, place := range i.caches() {
		from, to := filepath.Join(layerDir, frameworkCache, place), filepath.Join(i.project.Dir, place)
		if !tree.Exists(from) || tree.Exists(to) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := tree.Move(from, to); err != nil {
			return fmt.Errorf("restoring %s: %w", place, err)
		}
		i.log.Subprocess("Restoring %s of the previous build", place)
	}
	return nil
}

// saveCaches moves the caches from the project into the layer, so that they are not
// in the app image.
func (i *installer) saveCaches(layerDir string) error {
	for _, place := range i.caches() {
		from, to := filepath.Join(i.project.Dir, place), filepath.Join(layerDir, frameworkCache, place)
		if !tree.Exists(from) {
			continue
		}
		err := os.MkdirAll(filepath.Dir(to), 0o755)
		switch {
		case err != nil:
		case i.settings.keepCache:
			if err = tree.Remove(to); err == nil {
				err = tree.Copy(from, to)
			}
		default:
			err = tree.Replace(from, to)
		}
		if err != nil {
			return fmt.Errorf("keeping %s for the next build: %w", place, err)
		}
	}
	return nil
}
