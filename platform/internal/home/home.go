//go:build linux

// Package home keeps armature's folder on this machine, by default
// $XDG_CACHE_HOME/armature: unpacked images, caches of builds, images, and the
// work of builds that run.
//
//	roots/<digest>/         root file systems, each unpacked once
//	builds/<key>/           what a build leaves for the next of the same key
//	images/<name>:<tag>/    images without another output, as OCI layouts
//	work/<random>/          one for each build that runs
//	trash/<random>          what is to be removed; there is none when nothing is
//
// What is to be removed is moved to the trash, which takes no time, and removed
// by a process of its own, or beside the work of the next call. Any number of processes may use it at once.
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// Home is that folder.
type Home struct{ Dir string }

// folders are those that a home always has.
var folders = []struct {
	name string
	mode fs.FileMode
}{{"roots", 0o700}, {"builds", 0o700}, {"images", 0o755}, {"work", 0o700}}

// locate is the absolute path of the folder that dir names; an empty one means
// the default.
func locate(dir string, getenv func(string) string) (string, error) {
	if dir == "" {
		base := getenv("XDG_CACHE_HOME")
		if base == "" {
			base = getenv("HOME")
			if base == "" {
				return "", &failure.Failure{ID: "no-cache-dir", Cause: "neither HOME nor XDG_CACHE_HOME is set", Remedy: "name a folder with --cache-dir."}
			}
			base = filepath.Join(base, ".cache")
		}
		dir = filepath.Join(base, "armature")
	}
	return filepath.Abs(dir)
}

// OpenExisting is [Open] for what only looks at the folder, or takes away from it.
// Where no call has made it, found is false, and nothing is made.
func OpenExisting(dir string, getenv func(string) string) (h Home, found bool, err error) {
	if h.Dir, err = locate(dir, getenv); err != nil {
		return Home{}, false, err
	}
	for _, folder := range folders {
		_, err := os.Lstat(filepath.Join(h.Dir, folder.name))
		found = found || !errors.Is(err, fs.ErrNotExist)
	}
	if found {
		h, err = Open(h.Dir, getenv)
	}
	return h, found, err
}

// Open makes the folder if it is not there, and begins to remove what builds left
// in it. An empty dir means the default.
func Open(dir string, getenv func(string) string) (Home, error) {
	dir, err := locate(dir, getenv)
	if err != nil {
		return Home{}, err
	}
	for _, folder := range folders {
		path := filepath.Join(dir, folder.name)
		err := os.MkdirAll(path, folder.mode)
		if err == nil {
			err = closed(path, folder.mode)
		}
		switch {
		case diskfull.Is(err):
			return Home{}, diskfull.Failure("making armature's folder", err, dir, "--cache-dir")
		case err != nil:
			return Home{}, unusable(err)
		}
	}
	limits, err := Automatic(getenv)
	if err != nil {
		return Home{}, err
	}
	h := Home{Dir: dir}
	if err := closed(h.trashDir(), 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Home{}, unusable(err)
	}
	h.sweep()
	h.tidyAside(limits)
	return h, nil
}

func unusable(err error) error {
	return &failure.Failure{ID: "cache-dir-unusable", Cause: "making armature's folder", Err: err, Remedy: "name a folder that you can write to with --cache-dir."}
}

// closed closes a folder as far as a mode says. In the files below are those of
// users that images name, whom this machine may have, too. A folder that somebody
// else could change is an error.
func closed(path string, mode fs.FileMode) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; !info.IsDir() || int(owner) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, want a folder of user %d", path, owner, os.Geteuid())
	}
	if info.Mode().Perm()&^mode == 0 {
		return nil
	}
	return os.Chmod(path, info.Mode().Perm()&mode)
}
