//go:build linux

package home

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Work is a folder of a build's own. Close removes it; should the process be
// killed, the next one that opens the home does.
type Work struct {
	Dir  string
	lock Lock
}

// NewWork makes one.
func (h Home) NewWork() (*Work, error) {
	dir, err := os.MkdirTemp(filepath.Join(h.Dir, "work"), "")
	if err != nil {
		return nil, err
	}
	l, err := tryLock(dir+".lock", unix.LOCK_EX)
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	return &Work{Dir: dir, lock: l}, nil
}

// Path is that of a name inside.
func (w *Work) Path(name string) string { return filepath.Join(w.Dir, name) }

// Folder makes a folder inside and returns its path.
func (w *Work) Folder(name string, mode fs.FileMode) (string, error) {
	path := filepath.Join(w.Dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	return path, os.Chmod(path, mode)
}

// Close removes the folder and everything in it.
func (w *Work) Close() error {
	err := RemoveAll(w.Dir)
	if err == nil {
		err = os.Remove(w.Dir + ".lock")
	}
	w.lock.Close()
	return err
}

// youth is how long a folder without a lock may be that of a process that has
// not come to locking it.
const youth = time.Minute

// sweep removes the work of processes that are gone: nobody holds its lock.
// What cannot be removed stays for the next call.
func (h Home) sweep() {
	work := filepath.Join(h.Dir, "work")
	entries, err := os.ReadDir(work)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name, isLock := strings.CutSuffix(entry.Name(), ".lock")
		if entry.IsDir() == isLock {
			continue
		}
		dir := filepath.Join(work, name)
		if !isLock && h.isYoung(entry) {
			continue
		}
		l, err := tryLock(dir+".lock", unix.LOCK_EX)
		if err != nil {
			continue // it is at work
		}
		if RemoveAll(dir) == nil {
			os.Remove(dir + ".lock")
		}
		l.Close()
	}
}

// isYoung says whether a folder of work may be about to get its lock.
func (h Home) isYoung(entry fs.DirEntry) bool {
	if _, err := os.Lstat(filepath.Join(h.Dir, "work", entry.Name()+".lock")); err == nil {
		return false
	}
	info, err := entry.Info()
	return err != nil || time.Since(info.ModTime()) < youth
}
