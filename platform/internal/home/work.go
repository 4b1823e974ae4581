//go:build linux

package home

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// newName returns a unique name.
func newName() string { return strings.ToLower(rand.Text()) }

// given matches the names of newName, and those of an older armature.
var given = regexp.MustCompile(`^(?:[a-z2-7]{26}|[0-9]{1,20})$`)

// Work is the folder of a running build. Close moves it to the trash; if the
// process is killed, the next one that opens the home does.
type Work struct {
	Dir  string
	home Home
	lock Lock
}

// NewWork makes a work folder. The lock comes first, so that there is no folder
// without one; if sweep removes the lock file before it is locked, NewWork tries
// another name.
func (h Home) NewWork() (*Work, error) {
	for {
		dir := filepath.Join(h.Dir, "work", newName())
		l, err := lockOnce(dir+".lock", unix.LOCK_EX, os.O_RDWR|os.O_CREATE|os.O_EXCL)
		switch {
		case err == nil:
		case errors.Is(err, errLocked) || errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			if _, err := os.Stat(filepath.Dir(dir)); err != nil {
				return nil, err
			}
			continue
		default:
			return nil, err
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, errors.Join(err, os.Remove(dir+".lock"), l.Close())
		}
		return &Work{Dir: dir, home: h, lock: l}, nil
	}
}

// Path returns the path of a file in the folder.
func (w *Work) Path(name string) string { return filepath.Join(w.Dir, name) }

// Folder makes a subfolder and returns its path.
func (w *Work) Folder(name string, mode fs.FileMode) (string, error) {
	path := filepath.Join(w.Dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	return path, os.Chmod(path, mode)
}

// Close moves the folder and its content to the trash.
func (w *Work) Close() error {
	err := w.home.discard(w.Dir)
	if err == nil {
		err = os.Remove(w.Dir + ".lock")
	}
	w.lock.Close()
	return err
}

// unlockedGrace is the minimal age at which a folder without a lock is removed:
// an older armature locks a folder after making it.
const unlockedGrace = time.Minute

// sweep moves the work folders of ended processes, whose locks are free, to the
// trash. Folders that cannot be moved stay for the next call. It ignores names
// that armature does not give: the folder may hold other files.
func (h Home) sweep() {
	work := filepath.Join(h.Dir, "work")
	entries, err := os.ReadDir(work)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name, isLock := strings.CutSuffix(entry.Name(), ".lock")
		if entry.IsDir() == isLock || !given.MatchString(name) {
			continue
		}
		dir := filepath.Join(work, name)
		flags := os.O_RDWR
		if !isLock { // by an older armature, or the lock is the next entry
			if isYoung(entry) {
				continue
			}
			flags |= os.O_CREATE
		}
		l, err := lockOnce(dir+".lock", unix.LOCK_EX, flags)
		if err != nil {
			continue // it runs, or is removed
		}
		if h.discard(dir) == nil {
			os.Remove(dir + ".lock")
		}
		l.Close()
	}
}

// isYoung reports whether a work folder was made only now, or is gone.
func isYoung(entry fs.DirEntry) bool {
	info, err := entry.Info()
	return err != nil || time.Since(info.ModTime()) < unlockedGrace
}
