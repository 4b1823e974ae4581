package npminstall

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
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// The app may be the folder that a developer works in. Before anything is read
// of it that decides, this takes out of it what .dockerignore names and modules
// that are the developer's own, and gives the rest the modes that git gives.

// checkIgnored tells whether .dockerignore leaves out what a build needs.
func checkIgnored(app string, env environ.List, found project.Project) error {
	ignored, err := dockerignore.Read(app, env.Get)
	if err != nil {
		return err
	}
	var needed []string
	for _, dir := range []string{found.Dir, found.Root} {
		needed = append(needed, filepath.Join(dir, packagejson.FileName))
	}
	for _, name := range []string{npmlock.PackageLock, npmlock.Shrinkwrap} {
		if file := filepath.Join(found.Root, name); tree.Exists(file) {
			needed = append(needed, file)
		}
	}
	for i := range needed {
		needed[i] = within(app, needed[i])
	}
	return ignored.Needed(needed...)
}

// within is the path of something in the app, with slashes; "." for its root.
func within(app, place string) string {
	rel, err := filepath.Rel(app, place)
	if err != nil {
		return place
	}
	return filepath.ToSlash(rel)
}

// prepareFolder does what comes before everything else.
func (b *build) prepareFolder() (err error) {
	app := b.context.WorkingDir
	if b.folder, err = appfolder.Open(app, b.env.Get, b.log); err != nil {
		return err
	}
	ignored, err := dockerignore.Read(app, b.env.Get)
	if err != nil {
		return err
	}
	modules := devmodules.App{Dir: app, Root: b.dir, Lock: b.lock, Ignored: ignored, Offline: devmodules.Offline(b.env)}
	kept, err := b.removeOwnModules(modules)
	if err != nil {
		return err
	}
	npmrc := within(app, filepath.Join(b.dir, projectConfig))
	if ignored.LeavesOut(npmrc) && tree.Exists(filepath.Join(app, npmrc)) {
		b.later = []string{npmrc}
	}
	removed, err := ignored.Remove(app, func(place string) bool {
		return place == npmrc || slices.Contains(kept, place) || b.isRepository(place) ||
			path.Base(place) == nodemodules.Dir && modules.Ignores(place) && modules.CannotBeMade(place)
	})
	if err != nil {
		return err
	}
	if len(removed)+len(b.later) > 0 {
		b.log.Process("Leaving out of the app what %s names: %s", dockerignore.Name, few(append(removed, b.later...)))
		b.log.Subprocess("%s=false keeps it.", dockerignore.Variable)
		b.log.Break()
	}
	return b.folder.Begin()
}

// isRepository tells whether a path is that of the project's git repository:
// scripts ask git for the commit, and it goes out of the app at the end anyway.
func (b *build) isRepository(place string) bool {
	top := path.Dir(place)
	dir := within(b.context.WorkingDir, b.dir)
	return path.Base(place) == gitfolder.Name && (top == "." || top == dir || strings.HasPrefix(dir, top+"/"))
}

// finishFolder does what comes after the last script, unless a buildpack to come
// does it.
func (b *build) finishFolder(p plan) error {
	for _, place := range b.later {
		if err := os.RemoveAll(filepath.Join(b.context.WorkingDir, place)); err != nil {
			return fmt.Errorf("leaving out what %s names: %w", dockerignore.Name, err)
		}
	}
	if p.relinks {
		return nil
	}
	return b.folder.Finish()
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

// removeOwnModules removes folders of modules that are the developer's own, and
// not part of the app. It returns those that stay although .dockerignore names
// them, by their paths in the app.
func (b *build) removeOwnModules(app devmodules.App) (kept []string, err error) {
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
				b.log.Process("Taking %s as it is, although %s: %s", folder.Place, folder.Out, folder.Stays)
				b.log.Break()
			}
			continue
		}
		if err := tree.Remove(folder.Dir); err != nil {
			return nil, fmt.Errorf("leaving out %s: %w", folder.Place, err)
		}
		if filled {
			b.log.Process("Leaving out %s of the app: %s, and %s says what belongs there", folder.Place, folder.Out, app.Lockfile())
			b.log.Subprocess("It stays where it is committed, where include of project.toml names it, and where the build has no network.")
			b.log.Break()
		}
	}
	return kept, nil
}

// hideCredentials takes passwords and tokens out of npm's list of what it has
// installed, which is part of the layer: npm copies the lockfile's addresses.
func (b *build) hideCredentials() error {
	file := filepath.Join(b.dir, nodemodules.Dir, hiddenLockfile)
	text, err := regular.ReadFile(file)
	if err != nil || !npmlock.HasCredentials(text) {
		return nil // none, or none of these
	}
	if err := os.WriteFile(file, npmlock.WithoutCredentials(text), 0o644); err != nil {
		return fmt.Errorf("taking credentials out of %s: %w", hiddenLockfile, err)
	}
	return nil
}
