// Package devmodules finds folders of modules that belong to a developer and not to
// the app: git or images exclude them, and a lockfile can restore them.
package devmodules

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// Rules is the version of the rules of [App.Folders]. buildpack.toml of
// armature/nodejs has it too: a platform with another version leaves all decisions
// to the buildpack. Increment both when the rules change.
const Rules = 1

// App is the app to build.
type App struct {
	Dir     string             // its folder, absolute
	Root    string             // the install folder in it, absolute
	Lock    deps.Graph         // of Root; empty without a lockfile
	Ignored *dockerignore.File // of Dir
	Offline bool               // nothing can be installed, see [Offline]
}

// Folder is a folder of modules.
type Folder struct {
	Dir   string // absolute
	Place string // relative to the app, with slashes
	Out   string // what excludes it from the app; empty if nothing does
	Stays string // why it stays nevertheless; empty if it need not
}

// Goes reports whether the folder is to be removed.
func (f Folder) Goes() bool { return f.Out != "" && f.Stays == "" }

// Folders judges the existing folders of modules: that of the install folder, and
// those of packages that the lockfile links to.
func (a App) Folders() []Folder {
	var all []Folder
	for _, folder := range append([]string{""}, a.Lock.Links()...) {
		f := Folder{Dir: filepath.Join(a.Root, folder, nodemodules.Dir)}
		place, err := filepath.Rel(a.Dir, f.Dir)
		if err != nil || !filepath.IsLocal(place) {
			continue
		}
		if info, err := os.Lstat(f.Dir); err != nil || !info.IsDir() {
			continue
		}
		f.Place = filepath.ToSlash(place)
		f.Out, f.Stays = a.judge(f.Place)
		all = append(all, f)
	}
	return all
}

func (a App) judge(place string) (out, stays string) {
	tracked, known := gitfolder.Tracks(a.Dir, place)
	file := gitfolder.Ignores(a.Dir, place)
	switch {
	case a.Ignores(place):
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
	case dockerignore.Includes(a.Dir):
		stays = "project.toml includes what is there"
	case a.Lockfile() == "":
		stays = "no lockfile says what belongs there"
	case a.CannotBeMade(place):
		stays = "the build has no network"
	}
	return out, stays
}

// Ignores reports whether .dockerignore excludes a folder of modules, or the
// packages in it.
func (a App) Ignores(place string) bool {
	return a.Ignored.LeavesOut(place) || a.Ignored.LeavesOut(place+"/a-package")
}

// CannotBeMade reports whether a folder of modules, or one for a script's own
// install, can only come with the app: git tracks it, or there is no network.
func (a App) CannotBeMade(place string) bool {
	tracked, _ := gitfolder.Tracks(a.Dir, place)
	return tracked || a.Offline
}

// yarnLock is Yarn's lockfile; npm reads version 1.
const yarnLock = "yarn.lock"

// Lockfile returns the name of the lockfile that npm can install from, or "".
func (a App) Lockfile() string {
	if a.Lock.File != "" {
		return a.Lock.File
	}
	text, err := regular.ReadFile(filepath.Join(a.Root, yarnLock))
	if err == nil && bytes.Contains(text[:min(len(text), 500)], []byte("yarn lockfile v1")) {
		return yarnLock
	}
	return ""
}
