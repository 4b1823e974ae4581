//go:build linux

package home

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// keyFile is the file in a build's folder with the folder's key.
const keyFile = "key"

// Build is the folder in which a build leaves its results for the next one,
// locked until it is closed.
type Build struct {
	Dir  string
	home Home
	key  string
	lock Lock
}

// Build returns the folder for a key, such as an image's name and platform. If
// another process has locked it, Build calls waiting once, and waits.
func (h Home) Build(ctx context.Context, key string, waiting func()) (*Build, error) {
	b, err := h.TryBuild(key)
	if !errors.Is(err, ErrBusy) {
		return b, err
	}
	waiting()
	l, err := waitLock(ctx, h.BuildDir(key)+".lock", unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	return h.newBuild(key, l)
}

// ErrBusy is the error for a folder that another process has locked.
var ErrBusy = errors.New("another build is running")

// TryBuild is [Home.Build], but returns ErrBusy instead of waiting.
func (h Home) TryBuild(key string) (*Build, error) {
	l, err := tryLock(h.BuildDir(key)+".lock", unix.LOCK_EX)
	if errors.Is(err, errLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	return h.newBuild(key, l)
}

func (h Home) newBuild(key string, l Lock) (*Build, error) {
	dir := h.BuildDir(key)
	b := &Build{Dir: dir, home: h, key: key, lock: l}
	err := b.begin()
	if err == nil {
		err = touch(dir + ".lock")
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return b, nil
}

// BuildDir returns the path of a key's folder, which may not exist.
func (h Home) BuildDir(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(h.Dir, "builds", hex.EncodeToString(sum[:12]))
}

// CopyKept copies a subfolder of a build's folder to another path, unless it does
// not exist, the build runs, or the copy fails, and reports whether it did. The
// function copy gets the build's folder, its subfolder, and an empty target
// folder.
func (h Home) CopyKept(key, name, to string, copy func(kept, from, to string) error) (bool, error) {
	dir := h.BuildDir(key)
	if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
		return false, nil
	}
	l, err := tryLock(dir+".lock", unix.LOCK_SH)
	if err != nil {
		return false, nil // running: its cache changes
	}
	defer l.Close()
	work, err := h.NewWork()
	if err != nil {
		return false, err
	}
	made, err := work.Folder("copy", 0o755)
	if err == nil {
		err = copy(dir, filepath.Join(dir, name), made)
	}
	if err == nil {
		err = os.Rename(made, to)
	}
	return err == nil, work.Close()
}

// Remove removes the folder and closes the build.
func (b *Build) Remove() error {
	return errors.Join(b.home.discard(b.Dir), os.Remove(b.Dir+".lock"), b.lock.Close())
}

// Clear removes the folder's content.
func (b *Build) Clear() error {
	if err := b.home.discard(b.Dir); err != nil {
		return err
	}
	return b.begin()
}

// begin makes the folder if it does not exist.
func (b *Build) begin() error {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Dir, keyFile), []byte(b.key), 0o644)
}

// Close unlocks the folder.
func (b *Build) Close() error { return b.lock.Close() }
