package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// Scripts that prepare the project or a workspace (prepare and its hooks) make what
// the app needs of its sources, with the tools of its devDependencies. So they run
// in the install for the build only, which there is for their sake alone if need be.
// What they write into node_modules is generated code.

// needsPreparing reports whether the project or a folder that it needs has such
// scripts.
func (i *installer) needsPreparing() (bool, error) {
	if i.method.Kind == Vendored {
		return false, nil
	}
	folders, err := i.preparedFolders()
	if err != nil {
		return false, err
	}
	if i.project.Workspace == "" {
		folders = append([]string{""}, folders...)
	}
	return slices.ContainsFunc(folders, func(folder string) bool {
		pkg, err := packagejson.Read(filepath.Join(i.project.Dir, folder))
		return err == nil && len(OwnScripts(pkg, i.preparingScripts(folder))) > 0
	}), nil
}

// preparedFolders returns the folders besides the project's whose scripts may
// prepare. Without a lockfile these are its workspaces.
func (i *installer) preparedFolders() ([]string, error) {
	if i.project.Lock.File == "" && i.project.Workspace == "" {
		return project.Workspaces(i.project.Dir, i.project.Workspaces)
	}
	return i.selection.folders(true)
}

// preparingScripts are the names of a folder's scripts that prepare it.
func (i *installer) preparingScripts(folder string) []string {
	if folder != "" {
		return []string{"prepare"}
	}
	return slices.DeleteFunc(slices.Clone(i.manager.Words().InstallScripts), func(name string) bool { return !installscripts.IsPreparing(name) })
}

// preparing runs scripts that prepare, and keeps what they write into node_modules.
func (i *installer) preparing(run func() error) error {
	start, err := i.tick()
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	folders, err := i.preparedFolders()
	if err != nil {
		return err
	}
	var places []string
	for _, folder := range append([]string{""}, folders...) {
		if place := filepath.Join(folder, nodemodules.Dir); !strings.HasPrefix(place, "..") {
			places = append(places, place)
		}
	}
	for _, place := range places {
		files, err := i.filesOf(filepath.Join(i.project.Dir, place), func(_ string, entry fs.DirEntry) (bool, error) {
			return changedSince(entry, start)
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for _, file := range files {
			if err == nil { // a link leads elsewhere once it is in a layer
				_, err = tree.AnchorLinks(filepath.Join(i.project.Dir, place, file), i.absolute(places)...)
			}
		}
		if err == nil && len(files) > 0 {
			err = i.generated.keep(i.project.Dir, place, files)
		}
		if err != nil {
			return fmt.Errorf("finding what scripts wrote into %s: %w", place, err)
		}
	}
	return nil
}

// tick returns a time of the app's file system that no file has yet.
func (e *engine) tick() (time.Time, error) {
	before, err := e.clock()
	for now := before; err == nil; now, err = e.clock() {
		if now.After(before) {
			return now, nil
		}
		time.Sleep(time.Millisecond)
	}
	return time.Time{}, err
}

// changedSince reports whether a file was written, or put in its place, at a time
// or later.
func changedSince(entry fs.DirEntry, start time.Time) (bool, error) {
	info, err := entry.Info()
	if err != nil {
		return false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && !time.Unix(stat.Ctim.Unix()).Before(start), nil
}
