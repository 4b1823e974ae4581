//go:build linux

// Package home manages armature's folder on this machine, by default
// $XDG_CACHE_HOME/armature: unpacked images, build caches, images, and the files
// of running builds.
//
//	roots/<digest>/         root file systems, each unpacked once
//	builds/<key>/           results of a build for the next one with the same key
//	images/<name>:<tag>/    images without another output, as OCI layouts
//	archives/<xx>/<sha512>… archives of packages, made for the first one
//	work/<random>/          one folder for each running build
//	trash/<random>          files to remove; the folder exists only while it has any
//
// Removing starts with a rename into the trash, which is fast. A separate
// process, or the next call beside its other work, then removes the files. Any
// number of processes may use the folder concurrently.
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

// Home is armature's folder.
type Home struct{ Dir string }

// folders are a home's permanent folders.
var folders = []struct {
	name string
	mode fs.FileMode
}{{"roots", 0o700}, {"builds", 0o700}, {"images", 0o755}, {"work", 0o700}}

// locate returns the absolute path of dir; an empty one means the default.
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

// OpenExisting is [Open] for calls that only read or remove. If no call has made
// the folder, found is false, and nothing is made.
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

// Open makes the folder if it does not exist, and begins to remove what ended
// builds left in it. An empty dir means the default.
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

// closed restricts a folder to a mode: files below it may belong to users of
// images whose ids exist on this machine, too. A folder that another user could
// change is an error.
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
