package modules

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// The app may be a developer's working folder. Before the build decides anything,
// this removes the files that .dockerignore names and the developer's own modules,
// and sets the other files' modes to those that git uses.

// CheckIgnored returns an error if .dockerignore excludes a file that the build
// needs, such as a manager's lockfile.
func CheckIgnored(app string, getenv settings.Getenv, found project.Project, lockfiles []string) error {
	ignored, err := dockerignore.Read(app, getenv)
	if err != nil {
		return err
	}
	var needed []string
	for _, dir := range []string{found.Dir, found.Root} {
		needed = append(needed, filepath.Join(dir, packagejson.FileName))
	}
	for _, name := range lockfiles {
		if file := filepath.Join(found.Root, name); tree.Exists(file) {
			needed = append(needed, file)
		}
	}
	for i := range needed {
		needed[i] = within(app, needed[i])
	}
	return ignored.Needed(needed...)
}

// within returns a path relative to the app, with slashes; "." for its root.
func within(app, place string) string {
	rel, err := filepath.Rel(app, place)
	if err != nil {
		return place
	}
	return filepath.ToSlash(rel)
}

// appFolder is the app's folder during the build.
type appFolder struct {
	folder appfolder.Folder
	later  []string // removed after the last script
}

// prepareFolder cleans the app's folder, before everything else.
func (e *engine) prepareFolder() (*appFolder, error) {
	app := e.project.App
	folder, err := appfolder.Open(app, e.env.Get, e.log)
	if err != nil {
		return nil, err
	}
	ignored, modules, err := e.ignored()
	if err != nil {
		return nil, err
	}
	kept, err := e.removeOwnModules(modules)
	if err != nil {
		return nil, err
	}
	configuration, later := e.later(ignored)
	removed, err := ignored.Remove(app, e.spared(modules, configuration, kept))
	if err != nil {
		return nil, err
	}
	if len(removed)+len(later) > 0 {
		e.log.Process("Leaving out of the app what %s names: %s", dockerignore.Name, few(append(removed, later...)))
		e.log.Subprocess("%s=false keeps it.", dockerignore.Variable)
		e.log.Break()
	}
	return &appFolder{folder: folder, later: later}, folder.Begin()
}

// ignored reads what .dockerignore says of the app and of its modules.
func (e *engine) ignored() (*dockerignore.File, devmodules.App, error) {
	app := e.project.App
	ignored, err := dockerignore.Read(app, e.env.Get)
	return ignored, devmodules.App{Dir: app, Root: e.project.Dir, Lock: e.project.Lock, Ignored: ignored, Offline: devmodules.Offline(e.env)}, err
}

// later returns the path of the manager's configuration, which the build needs, and
// the same as a list if .dockerignore names it.
func (e *engine) later(ignored *dockerignore.File) (configuration string, later []string) {
	configuration = within(e.project.App, filepath.Join(e.project.Dir, e.manager.Words().Configuration))
	if ignored.LeavesOut(configuration) && tree.Exists(filepath.Join(e.project.App, configuration)) {
		later = []string{configuration}
	}
	return configuration, later
}

// spared reports which paths stay although .dockerignore names them.
func (e *engine) spared(modules devmodules.App, configuration string, kept []string) func(place string) bool {
	return func(place string) bool {
		return place == configuration || slices.Contains(kept, place) || e.isRepository(place) ||
			path.Base(place) == nodemodules.Dir && modules.Ignores(place) && modules.CannotBeMade(place)
	}
}

// isRepository reports whether a path is the project's git repository: scripts ask
// git for the commit, and the build removes it at the end.
func (e *engine) isRepository(place string) bool {
	top := path.Dir(place)
	dir := within(e.project.App, e.project.Dir)
	return path.Base(place) == gitfolder.Name && (top == "." || top == dir || strings.HasPrefix(dir, top+"/"))
}

// finish cleans up after the last script, unless a later buildpack does.
func (f *appFolder) finish(app string, d demand) error {
	for _, place := range f.later {
		if err := os.RemoveAll(filepath.Join(app, place)); err != nil {
			return fmt.Errorf("leaving out what %s names: %w", dockerignore.Name, err)
		}
	}
	if d.relinks {
		return nil
	}
	return f.folder.Finish()
}

// few lists names for the log, at most six of them.
func few(names []string) string {
	const most = 6
	all := slices.Clone(names[:min(len(names), most)])
	for i := range all {
		all[i] = strings.Trim(fmt.Sprintf("%q", all[i]), `"`)
	}
	if more := len(names) - most; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// removeOwnModules removes the developer's own folders of modules. It returns the
// folders, as paths in the app, that stay although .dockerignore names them.
func (e *engine) removeOwnModules(app devmodules.App) (kept []string, err error) {
	for _, folder := range app.Folders() {
		filled, err := tree.IsFilled(folder.Dir)
		if err != nil {
			return nil, err
		}
		if !folder.Goes() {
			if app.Ignores(folder.Place) {
				kept = append(kept, folder.Place)
			}
			if folder.Out != "" && filled {
				e.log.Process("Taking %s as it is, although %s: %s", folder.Place, folder.Out, folder.Stays)
				e.log.Break()
			}
			continue
		}
		if err := tree.Remove(folder.Dir); err != nil {
			return nil, fmt.Errorf("leaving out %s: %w", folder.Place, err)
		}
		if filled {
			e.log.Process("Leaving out %s of the app: %s, and %s says what belongs there", folder.Place, folder.Out, app.Lockfile())
			e.log.Subprocess("It stays where it is committed, where include of project.toml names it, and where the build has no network.")
			e.log.Break()
		}
	}
	return kept, nil
}
