// Package devmodules tells which folders of modules in an app's folder are a
// developer's own, and no part of the app: what somebody keeps out of git or of
// images, and a lockfile says as well.
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

// Rules is the number of the rules by which [App.Folders] judges. It stands in
// buildpack.toml of armature/nodejs: a platform that judges by other rules than the
// buildpack leaves everything to it. Whoever changes the rules counts it up there
// and here.
const Rules = 1

// App is an app that is to be built.
type App struct {
	Dir     string             // its folder, absolute
	Root    string             // the folder in it that is installed in, absolute
	Lock    deps.Graph         // of that; empty where there is none
	Ignored *dockerignore.File // of Dir
	Offline bool               // nothing can be installed, see [Offline]
}

// Folder is one of modules.
type Folder struct {
	Dir   string // absolute
	Place string // in the app, with slashes
	Out   string // who wants it out of the app; empty where nobody does
	Stays string // why it stays all the same; empty where nothing is against it
}

// Goes tells whether the folder is to be removed.
func (f Folder) Goes() bool { return f.Out != "" && f.Stays == "" }

// Folders judges the folders of modules that are there: the one that is installed
// in, and those of the packages that the lockfile links to.
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

// Ignores tells whether .dockerignore names a folder of modules, or the packages
// in it.
func (a App) Ignores(place string) bool {
	return a.Ignored.LeavesOut(place) || a.Ignored.LeavesOut(place+"/a-package")
}

// CannotBeMade tells whether a folder of modules, also one that a script would
// install in, can only come with the app: it is part of the sources, or there is
// no network.
func (a App) CannotBeMade(place string) bool {
	tracked, _ := gitfolder.Tracks(a.Dir, place)
	return tracked || a.Offline
}

// yarnLock is Yarn's lockfile, which npm reads in Yarn's first version.
const yarnLock = "yarn.lock"

// Lockfile is the name of the lockfile that npm can install from, or empty.
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
