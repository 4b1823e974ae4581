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

// cacheFolder is the folder of node_modules for the caches of tools.
const cacheFolder = ".cache"

// scratch are the names in node_modules that belong to tools or, as .bin, to the
// manager; the app needs none of their content.
var scratch = []string{cacheFolder, ".bin", ".tmp", ".vite", ".vite-temp", ".vitest"}

// generated are the files that scripts wrote into node_modules, as Prisma's
// generator does. They are part of the app.
type generated struct {
	dir    string   // holds them, at their paths in the project; empty before the first script
	files  []string // these paths
	places []string // the searched node_modules folders, relative to the project
	digest string   // of all files; empty without any

	// installed are the folders, relative to the project, that install scripts made.
	installed []string
}

// keep copies files of one node_modules of a project, relative to it.
func (g *generated) keep(project, place string, names []string) error {
	if !slices.Contains(g.places, place) {
		g.places = append(g.places, place)
	}
	for _, name := range names {
		file := filepath.Join(place, name)
		if err := tree.CopyEntry(filepath.Join(project, file), filepath.Join(g.dir, file)); err != nil {
			return err
		}
		if !slices.Contains(g.files, file) {
			g.files = append(g.files, file)
		}
	}
	return nil
}

// open makes the folder for generated files. Discard removes it.
func (i *installer) openGenerated() (discard func(), err error) {
	i.generated.dir, err = os.MkdirTemp(i.context.Layers.Path, ".generated-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for generated files: %w", err)
	}
	return func() { os.RemoveAll(i.generated.dir) }, nil
}

// closeGenerated computes the digest of all generated files.
func (i *installer) closeGenerated() (err error) {
	if len(i.generated.files) > 0 {
		i.generated.digest, err = tree.Digest(i.generated.dir)
	}
	return err
}

// makeApp runs the build scripts, with build-modules copied into the project: a
// bundler may refuse a link out of the app. The layer keeps its content, and gets
// the new caches of tools.
func (i *installer) makeApp(modules packit.Layer) error {
	places := linksOf(modules)
	if err := i.copyToProject(modules.Path, places); err != nil {
		return fmt.Errorf("copying modules from the layer %s: %w", modules.Name, err)
	}
	start, err := i.clock()
	if err != nil {
		return err
	}
	if err := i.restoreCaches(modules.Path); err != nil {
		return err
	}
	if err := i.runScripts(); err != nil {
		return err
	}
	if err := i.saveCaches(modules.Path); err != nil {
		return err
	}
	for _, place := range places {
		if err := i.setApart(modules.Path, place, places, start); err != nil {
			return fmt.Errorf("finding what scripts wrote into %s: %w", place, err)
		}
	}
	return nil
}

// copyToProject copies the layer's modules into the project, unless they are still there
// from the install.
func (i *installer) copyToProject(layerDir string, places []string) error {
	if i.inProject {
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

// clock returns the current time of the app's file system.
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

// setApart copies the new files of one node_modules of the project, moves its cache
// into the layer, and removes the rest; vendored modules stay. Links into places
// stay relative.
func (i *installer) setApart(layerDir, place string, places []string, start time.Time) error {
	from, original := filepath.Join(i.project.Dir, place), filepath.Join(layerDir, place)
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil // a script removed it
	}
	if _, err := tree.AnchorLinks(from, i.absolute(places)...); err != nil {
		return err
	}
	fresh, err := i.filesOf(from, func(path string, entry fs.DirEntry) (bool, error) {
		return differs(path, entry, filepath.Join(original, strings.TrimPrefix(path, from)), start)
	})
	if err != nil {
		return err
	}
	if err := i.generated.keep(i.project.Dir, place, fresh); err != nil {
		return err
	}
	if err := tree.Replace(filepath.Join(from, cacheFolder), filepath.Join(original, cacheFolder)); err != nil {
		return err
	}
	if i.method.Kind == Vendored {
		return nil
	}
	return tree.Remove(from)
}

// filesOf lists the files and links in a node_modules that a function picks, as
// relative paths, sorted. It has all files of tools' caches that are kept, and none
// that belong to tools or the manager.
func (e *engine) filesOf(dir string, picks func(path string, entry fs.DirEntry) (bool, error)) ([]string, error) {
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
		picked, err := picks(path, entry)
		if picked || cached {
			all = append(all, rel)
		}
		return err
	})
	return all, err
}

// differs compares a file or link with its original. It does not read a file of the
// same size that was not written since start.
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

// addGenerated copies generated files into a launch layer, except changes to
// packages that it does not have. It returns the links, with those that the files
// add.
func (i *installer) addGenerated(layerDir string, links []string) ([]string, error) {
	counts := map[string]int{}
	var tops []string
	slices.Sort(i.generated.files)
	made := i.generated.madeAtLaunch(layerDir)
	for _, file := range i.generated.files {
		within := func(folder string) bool { return strings.HasPrefix(file, folder+"/") }
		if !i.wantedAtLaunch(file, layerDir) || slices.ContainsFunc(made, within) {
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

// wantedAtLaunch is false for a file in a package that only the build has. If the
// framework installs packages for the build, those that it installed are such.
func (i *installer) wantedAtLaunch(file, launchDir string) bool {
	buildDir := filepath.Join(i.context.Layers.Path, buildLayer)
	for _, folder := range packageFolders(file) {
		if (i.installsForBuild() || tree.Exists(filepath.Join(buildDir, folder))) && !tree.Exists(filepath.Join(launchDir, folder)) {
			return false
		}
	}
	return true
}

// packageFolders returns the folders of the packages that contain a file, the
// outermost first: "node_modules/a" and "node_modules/a/node_modules/@s/b" for
// node_modules/a/node_modules/@s/b/index.js. Names that begin with a dot are no
// packages, but may be a virtual store, with a folder for each package.
func packageFolders(file string) []string {
	var all []string
	parts := strings.Split(file, "/")
	for i, part := range parts {
		if part != nodemodules.Dir {
			continue
		}
		end := i + 2
		if i+1 < len(parts) && strings.HasPrefix(parts[i+1], ".") {
			if i+3 >= len(parts) || parts[i+3] != nodemodules.Dir {
				continue
			}
			end = i + 3
		}
		if end <= len(parts) && strings.HasPrefix(parts[end-1], "@") {
			end++
		}
		if end < len(parts) {
			all = append(all, strings.Join(parts[:end], "/"))
		}
	}
	return all
}
