package npminstall

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/dockerignore"
	"github.com/armature-cnb/armature/internal/gitfolder"
	"github.com/armature-cnb/armature/internal/lockfile"
	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/packagejson"
	"github.com/armature-cnb/armature/internal/project"
	"github.com/armature-cnb/armature/internal/regular"
)

// The app may be the folder that a developer works in. Before anything is read
// of it that decides, this takes out of it what .dockerignore names and modules
// that are the developer's own, and gives the rest the modes that git gives.

// checkIgnored tells whether .dockerignore leaves out what a build needs.
func checkIgnored(app string, env Environ, found project.Project) error {
	ignored, err := dockerignore.Read(app, env.Get)
	if err != nil {
		return err
	}
	var needed []string
	for _, dir := range []string{found.Dir, found.Root} {
		needed = append(needed, filepath.Join(dir, packagejson.FileName))
	}
	for _, name := range []string{lockfile.PackageLock, lockfile.Shrinkwrap} {
		if file := filepath.Join(found.Root, name); exists(file) {
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
	kept, err := b.removeOwnModules(ignored)
	if err != nil {
		return err
	}
	npmrc := within(app, filepath.Join(b.dir, projectConfig))
	if ignored.LeavesOut(npmrc) && exists(filepath.Join(app, npmrc)) {
		b.later = []string{npmrc}
	}
	removed, err := ignored.Remove(app, func(place string) bool {
		return place == npmrc || slices.Contains(kept, place) || b.isRepository(place) ||
			path.Base(place) == nodemodules.Dir && leavesModulesOut(ignored, place) && b.cannotBeMade(place)
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
// not part of the app: what somebody keeps out of git or of images, and a
// lockfile says as well. It returns those that stay although .dockerignore names
// them, by their paths in the app.
func (b *build) removeOwnModules(ignored *dockerignore.File) (kept []string, err error) {
	for _, folder := range append([]string{""}, b.lock.Links()...) {
		dir := filepath.Join(b.dir, folder, nodemodules.Dir)
		place := within(b.context.WorkingDir, dir)
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !filepath.IsLocal(place) {
			continue
		}
		filled, err := hasEntries(dir)
		if err != nil {
			return nil, err
		}
		out, stays := b.judge(place, ignored)
		if out == "" || stays != "" {
			if leavesModulesOut(ignored, place) {
				kept = append(kept, place)
			}
			if out != "" && filled {
				b.log.Process("Taking %s as it is, although %s: %s", place, out, stays)
				b.log.Break()
			}
			continue
		}
		if err := removeTree(dir); err != nil {
			return nil, fmt.Errorf("leaving out %s: %w", place, err)
		}
		if filled {
			b.log.Process("Leaving out %s of the app: %s, and %s says what belongs there", place, out, b.ownLockfile())
			b.log.Subprocess("It stays where it is committed, where include of project.toml names it, and where the build has no network.")
			b.log.Break()
		}
	}
	return kept, nil
}

// judge says who wants a folder of modules out of the app, and why it stays all
// the same; empty where nobody does, and where nothing is against it.
func (b *build) judge(place string, ignored *dockerignore.File) (out, stays string) {
	app := b.context.WorkingDir
	tracked, known := gitfolder.Tracks(app, place)
	file := gitfolder.Ignores(app, place)
	switch {
	case leavesModulesOut(ignored, place):
		out = dockerignore.Name + " leaves it out"
	case file != "":
		out = file + " leaves it out"
	case known && !tracked:
		out = "git does not track it"
	default:
		return "", ""
	}
	switch {
	case tracked:
		stays = "git tracks it"
	case dockerignore.Includes(app):
		stays = "project.toml includes what is there"
	case b.ownLockfile() == "":
		stays = "no lockfile says what belongs there"
	case b.cannotBeMade(place):
		stays = "the build has no network"
	}
	return out, stays
}

// leavesModulesOut tells whether .dockerignore names a folder of modules, or the
// packages in it.
func leavesModulesOut(ignored *dockerignore.File, place string) bool {
	return ignored.LeavesOut(place) || ignored.LeavesOut(place+"/a-package")
}

// cannotBeMade tells whether a folder of modules, also one that a script would
// install in, can only come with the app: it is part of the sources, or there is
// no network.
func (b *build) cannotBeMade(place string) bool {
	tracked, _ := gitfolder.Tracks(b.context.WorkingDir, place)
	return tracked || b.env.npmIsOffline() || !hasNetwork()
}

// yarnLock is Yarn's lockfile, which npm reads in Yarn's first version.
const yarnLock = "yarn.lock"

// ownLockfile is the name of the lockfile that npm can install from, or empty.
func (b *build) ownLockfile() string {
	if b.lock.File != "" {
		return b.lock.File
	}
	text, err := regular.ReadFile(filepath.Join(b.dir, yarnLock))
	if err == nil && bytes.Contains(text[:min(len(text), 500)], []byte("yarn lockfile v1")) {
		return yarnLock
	}
	return ""
}

// hideCredentials takes passwords and tokens out of npm's list of what it has
// installed, which is part of the layer: npm copies the lockfile's addresses.
func (b *build) hideCredentials() error {
	file := filepath.Join(b.dir, nodemodules.Dir, hiddenLockfile)
	text, err := regular.ReadFile(file)
	if err != nil || !lockfile.HasCredentials(text) {
		return nil // none, or none of these
	}
	if err := os.WriteFile(file, lockfile.WithoutCredentials(text), 0o644); err != nil {
		return fmt.Errorf("taking credentials out of %s: %w", hiddenLockfile, err)
	}
	return nil
}
