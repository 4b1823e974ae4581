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

// keyFile is the file in a build's folder that says which builds have it.
const keyFile = "key"

// Build is what a build leaves for the next one: its own until it is closed.
type Build struct {
	Dir  string
	home Home
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
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, keyFile), []byte(key), 0o644)
	}
	if err == nil {
		err = touch(dir + ".lock")
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &Build{Dir: dir, home: h, lock: l}, nil
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

// Remove forgets everything, and that there was something. It closes, too.
func (b *Build) Remove() error {
	return errors.Join(b.home.discard(b.Dir), os.Remove(b.Dir+".lock"), b.lock.Close())
}

// Clear forgets everything.
func (b *Build) Clear() error {
	if err := b.home.discard(b.Dir); err != nil {
		return err
	}
	return os.Mkdir(b.Dir, 0o755)
}

// Close lets another process have it.
func (b *Build) Close() error { return b.lock.Close() }
