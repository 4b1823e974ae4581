//go:build linux

// Package home keeps armature's folder on this machine, by default
// $XDG_CACHE_HOME/armature: unpacked images, caches of builds, images, and the
// work of builds that run.
//
//	roots/<digest>/         root file systems, each unpacked once
//	builds/<key>/           what a build leaves for the next of the same name
//	images/<name>:<tag>/    images without another output, as OCI layouts
//	work/<random>/          one for each build that runs
//
// Any number of processes may use it at once.
package home

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/tools/armature/internal/diskfull"
)

// Home is that folder.
type Home struct{ Dir string }

// Open makes the folder if it is not there, and removes what builds that were
// killed left in it. An empty dir means the default.
func Open(dir string, getenv func(string) string) (Home, error) {
	if dir == "" {
		base := getenv("XDG_CACHE_HOME")
		if base == "" {
			base = getenv("HOME")
			if base == "" {
				return Home{}, &failure.Failure{ID: "no-cache-dir", Cause: "neither HOME nor XDG_CACHE_HOME is set", Remedy: "name a folder with --cache-dir."}
			}
			base = filepath.Join(base, ".cache")
		}
		dir = filepath.Join(base, "armature")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Home{}, err
	}
	for name, mode := range map[string]fs.FileMode{"roots": 0o700, "builds": 0o700, "images": 0o755, "work": 0o700} {
		err := makeOwn(filepath.Join(dir, name), mode)
		switch {
		case diskfull.Is(err):
			return Home{}, diskfull.Failure("making armature's folder", err, dir, "--cache-dir")
		case err != nil:
			return Home{}, &failure.Failure{ID: "cache-dir-unusable", Cause: "making armature's folder", Err: err, Remedy: "name a folder that you can write to with --cache-dir."}
		}
	}
	h := Home{Dir: dir}
	h.sweep()
	return h, nil
}

// makeOwn makes a folder with a mode, or closes it as far. In the files below
// are those of users that images name, whom this machine may have, too. A
// folder that somebody else could change is an error.
func makeOwn(path string, mode fs.FileMode) error {
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
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

// Lock is held until it is closed, or its process ends.
type Lock struct{ file *os.File }

// Close lets go of it. The zero Lock holds nothing.
func (l Lock) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// errLocked is that of a lock that somebody else has.
const errLocked = unix.EWOULDBLOCK

// tryLock locks a file, which it makes, or says that it is locked.
func tryLock(path string, operation int) (Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return Lock{}, err
	}
	if err := unix.Flock(int(file.Fd()), operation|unix.LOCK_NB); err != nil {
		file.Close()
		return Lock{}, err
	}
	return Lock{file}, nil
}

// patience is how often a lock is tried. Waiting in the kernel could not be
// interrupted.
const patience = 50 * time.Millisecond

// waitLock locks a file when nobody else has it any more.
func waitLock(ctx context.Context, path string, operation int) (Lock, error) {
	for {
		l, err := tryLock(path, operation)
		if !errors.Is(err, errLocked) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return Lock{}, ctx.Err()
		case <-time.After(patience):
		}
	}
}

// Build is what a build leaves for the next one: its own until it is closed.
type Build struct {
	Dir  string
	lock Lock
}

// Build returns the folder for a key, such as an image's name and platform.
// While another process has it, waiting is called once, and then waited.
func (h Home) Build(ctx context.Context, key string, waiting func()) (*Build, error) {
	dir := h.buildDir(key)
	l, err := tryLock(dir+".lock", unix.LOCK_EX)
	if errors.Is(err, errLocked) {
		waiting()
		l, err = waitLock(ctx, dir+".lock", unix.LOCK_EX)
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.Close()
		return nil, err
	}
	return &Build{Dir: dir, lock: l}, nil
}

func (h Home) buildDir(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(h.Dir, "builds", hex.EncodeToString(sum[:12]))
}

// CopyKept copies a folder that a build keeps to another place, unless there
// is none, the build runs, or something in it cannot be copied, and says
// whether it did.
func (h Home) CopyKept(key, name, to string) (bool, error) {
	dir := h.buildDir(key)
	if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
		return false, nil
	}
	l, err := tryLock(dir+".lock", unix.LOCK_SH)
	if err != nil {
		return false, nil // at work: its cache changes
	}
	defer l.Close()
	work, err := h.NewWork()
	if err != nil {
		return false, err
	}
	err = os.CopyFS(work.Path("copy"), os.DirFS(filepath.Join(dir, name)))
	if err == nil {
		err = os.Rename(work.Path("copy"), to)
	}
	return err == nil, work.Close()
}

// Clear forgets everything.
func (b *Build) Clear() error {
	if err := RemoveAll(b.Dir); err != nil {
		return err
	}
	return os.Mkdir(b.Dir, 0o755)
}

// Close lets another process have it.
func (b *Build) Close() error { return b.lock.Close() }
