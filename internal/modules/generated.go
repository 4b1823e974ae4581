package modules

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// cacheFolder is the folder of node_modules in which tools keep what makes
// their next run faster.
const cacheFolder = ".cache"

// scratch are the names in a node_modules that belong to tools, and whose content
// no app needs, as nobody needs a manager's notes.
var scratch = []string{cacheFolder, ".bin", ".tmp", ".vite", ".vite-temp", ".vitest"}

// generated are the files that scripts wrote into node_modules, as Prisma's
// generator does: they are part of the app.
type generated struct {
	dir    string   // a folder that holds them, at their paths in the project
	files  []string // those paths, sorted
	places []string // the node_modules folders that were looked at, relative to the project
	digest string   // of all of them; empty where there are none
}

// makeApp runs the scripts with the modules of the build in the project, as
// the folders that tools expect: a bundler may refuse a link that leads out of
// the app. Afterwards the layer has what it had, and the new caches of tools.
//
// What the scripts generated is set apart for the launch; discard removes it.
func (i *installer) makeApp(modules packit.Layer) (discard func(), err error) {
	places := linksOf(modules)
	if err := i.unfold(modules.Path, places); err != nil {
		return nil, fmt.Errorf("copying modules from the layer %s: %w", modules.Name, err)
	}
	start, err := i.clock()
	if err != nil {
		return nil, err
	}
	if err := i.runScripts(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(i.context.Layers.Path, ".generated-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for generated files: %w", err)
	}
	discard = func() { os.RemoveAll(dir) }
	i.generated = generated{dir: dir, places: places}
	for _, place := range places {
		if err := i.setApart(modules.Path, place, start); err != nil {
			discard()
			return nil, fmt.Errorf("finding what scripts wrote into %s: %w", place, err)
		}
	}
	if len(i.generated.files) > 0 {
		i.generated.digest, err = tree.Digest(dir)
	}
	return discard, err
}

// unfold puts the modules of the layer into the project, unless they were
// installed there just now.
func (i *installer) unfold(layerDir string, places []string) error {
	if i.unfolded {
		return nil
	}
	for _, place := range places {
		to := filepath.Join(i.project.Dir, place)
		if err := tree.Remove(to); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := tree.Copy(filepath.Join(layerDir, place), to); err != nil {
			return err
		}
	}
	return nil
}

// clock is the time as the file system of the app has it.
func (e *engine) clock() (time.Time, error) {
	file, err := os.CreateTemp(e.project.Dir, ".clock-*")
	if err != nil {
		return time.Time{}, fmt.Errorf("asking the file system for the time: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// setApart copies what is new in one node_modules of the project, takes its
// cache over into the layer, and removes it; vendored modules stay.
func (i *installer) setApart(layerDir, place string, start time.Time) error {
	from, original := filepath.Join(i.project.Dir, place), filepath.Join(layerDir, place)
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil // a script removed it
	}
	if _, err := tree.AnchorLinks(from); err != nil {
		return err
	}
	fresh, err := i.newFiles(from, original, start)
	if err != nil {
		return err
	}
	for _, name := range fresh {
		file := filepath.Join(place, name)
		if err := tree.CopyEntry(filepath.Join(i.project.Dir, file), filepath.Join(i.generated.dir, file)); err != nil {
			return err
		}
		i.generated.files = append(i.generated.files, file)
	}
	if err := tree.Replace(filepath.Join(from, cacheFolder), filepath.Join(original, cacheFolder)); err != nil {
		return err
	}
	if i.method.Kind == Vendored {
		return nil
	}
	return tree.Remove(from)
}

// newFiles lists the files and links in a folder that differ from the
// original's, relative to it and sorted.
func (e *engine) newFiles(dir, original string, start time.Time) ([]string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel := strings.TrimPrefix(path, dir+"/")
		top, _, _ := strings.Cut(rel, "/")
		cached := top == cacheFolder && e.settings.keepCache
		if (slices.Contains(scratch, top) || slices.Contains(e.manager.Words().Notes, top)) && !cached {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		differs, err := differs(path, entry, filepath.Join(original, rel), start)
		if differs || cached {
			all = append(all, rel)
		}
		return err
	})
	return all, err
}

// differs compares a file, or a link, with its original. One of the same size
// that was not written since start is not read.
func differs(path string, entry fs.DirEntry, original string, start time.Time) (bool, error) {
	info, err := entry.Info()
	if err != nil {
		return false, err
	}
	before, err := os.Lstat(original)
	if err != nil || before.Mode() != info.Mode() || before.Size() != info.Size() {
		return true, nil
	}
	if info.Mode().Type() == fs.ModeSymlink {
		now, err := os.Readlink(path)
		was, _ := os.Readlink(original)
		return now != was, err
	}
	if info.ModTime().Before(start) {
		return false, nil
	}
	now, err := tree.FileDigest(path)
	if err != nil {
		return false, err
	}
	was, err := tree.FileDigest(original)
	return now != was, err
}

// addGenerated puts into a launch layer what scripts generated, but for
// changes to packages that it does not have, and returns its links with those
// that this makes necessary.
func (i *installer) addGenerated(layerDir string, links []string) ([]string, error) {
	counts := map[string]int{}
	var tops []string
	for _, file := range i.generated.files {
		if !i.wantedAtLaunch(file, layerDir) {
			continue
		}
		if err := tree.CopyEntry(filepath.Join(i.generated.dir, file), filepath.Join(layerDir, file)); err != nil {
			return nil, fmt.Errorf("adding generated files to the layer %s: %w", launchLayer, err)
		}
		for _, place := range i.generated.places {
			rest, ok := strings.CutPrefix(file, place+"/")
			if !ok {
				continue
			}
			if !slices.Contains(links, place) {
				links = append(links, place)
			}
			top, _, _ := strings.Cut(rest, "/")
			if counts[top]++; counts[top] == 1 {
				tops = append(tops, top)
			}
		}
	}
	for _, top := range tops {
		i.log.Subprocess("Adding what scripts generated in %s/%s: %d files", nodemodules.Dir, top, counts[top])
	}
	slices.Sort(links)
	return links, nil
}

// wantedAtLaunch is false for a file in a package that is installed for the
// build and not for the launch.
func (i *installer) wantedAtLaunch(file, launchDir string) bool {
	buildDir := filepath.Join(i.context.Layers.Path, buildLayer)
	for _, folder := range packageFolders(file) {
		if tree.Exists(filepath.Join(buildDir, folder)) && !tree.Exists(filepath.Join(launchDir, folder)) {
			return false
		}
	}
	return true
}

// packageFolders are the folders of the packages that a file is in, the
// outermost first: "node_modules/a" and "node_modules/a/node_modules/@s/b" of
// node_modules/a/node_modules/@s/b/index.js. Names with a dot are no packages.
func packageFolders(file string) []string {
	var all []string
	parts := strings.Split(file, "/")
	for i, part := range parts {
		if part != nodemodules.Dir || i+1 < len(parts) && strings.HasPrefix(parts[i+1], ".") {
			continue
		}
		end := i + 2
		if end <= len(parts) && strings.HasPrefix(parts[end-1], "@") {
			end++
		}
		if end < len(parts) {
			all = append(all, strings.Join(parts[:end], "/"))
		}
	}
	return all
}
