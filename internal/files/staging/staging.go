//go:build linux

// Package staging lets files and folders be written beside the place where they
// are to be, and put there as a whole.
package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Mark is in the names of stages.
const Mark = ".armature-"

// Stage is a folder beside the place that something is written for, on the
// same disk. It is locked for as long as its process lives: the next one that
// writes for the place removes those of processes that were killed.
type Stage struct {
	Dir  string
	lock *os.File
}

// pattern is what the stages for a place are called.
func pattern(place string) string { return "." + filepath.Base(place) + Mark }

// New makes a stage, and the folder of the place, and removes the stages for the
// place that nobody works in. Close it.
func New(place string) (*Stage, error) {
	parent := filepath.Dir(place)
	removeStale(place)
	var failed error
	for range tries {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return nil, err
		}
		dir, err := os.MkdirTemp(parent, pattern(place)+"*")
		if errors.Is(err, fs.ErrNotExist) {
			failed = err
			continue // somebody removed the folder, for it was empty; or it takes none, as /proc
		}
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(dir)
		if err == nil {
			return &Stage{Dir: dir, lock: lock}, nil
		}
		// Somebody else took it for one that nobody works in.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, os.Remove(dir))
		}
		failed = err
	}
	return nil, failed
}

// tries is how often something is tried again that somebody else may have made
// or removed in between.
const tries = 100

// Path is that of a name inside.
func (s *Stage) Path(name string) string { return filepath.Join(s.Dir, name) }

// Close removes the stage and what is still in it.
func (s *Stage) Close() error {
	defer s.lock.Close()
	return os.RemoveAll(s.Dir)
}

// lockFolder locks a folder. That it is gone by then is [fs.ErrNotExist].
func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(dir, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		_, err = os.Lstat(dir)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// removeStale removes the stages that nobody works in. Those of somebody else
// stay.
func removeStale(place string) {
	entries, err := os.ReadDir(filepath.Dir(place))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if ok, err := filepath.Match(escaped(pattern(place))+"*", entry.Name()); err == nil && ok && entry.IsDir() {
			RemoveStale(filepath.Join(filepath.Dir(place), entry.Name()))
		}
	}
}

// RemoveStale removes a stage unless somebody works in it.
func RemoveStale(dir string) {
	if lock, err := lockFolder(dir); err == nil {
		os.RemoveAll(dir)
		lock.Close()
	}
}

// escaped is a pattern that matches a text and nothing else.
func escaped(text string) string {
	var pattern []rune
	for _, r := range text {
		pattern = append(pattern, '\\', r)
	}
	return string(pattern)
}

// Put gives a folder another one's name, and the other one, if it is there, a
// name in the stage. At no moment is there none of that name, unless the file
// system cannot exchange names: then the other is away for a moment, and back
// when the folder cannot be there.
func (s *Stage) Put(made, place string) error { return s.put(made, place, exchange) }

// exchange gives each of two paths what the other one was.
func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// noReplace renames unless there is something of the new name.
func noReplace(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if unsupported(err) {
		err = os.Rename(from, to) // which for folders replaces an empty one at most
	}
	return err
}

// unsupported reports whether an error is that of a file system that renames in
// no other way than the oldest.
func unsupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP)
}

func (s *Stage) put(made, place string, exchange func(a, b string) error) error {
	for range tries {
		err := exchange(made, place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = noReplace(made, place)
		case unsupported(err):
			err = s.putInSteps(made, place)
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return errors.New("it comes and goes: somebody else writes to it, too")
}

// putInSteps is put where names cannot be exchanged. That somebody else has put
// something there in the moment is [fs.ErrExist].
func (s *Stage) putInSteps(made, place string) error {
	was := s.Path("was")
	if err := os.RemoveAll(was); err != nil { // of the try before
		return err
	}
	err := os.Rename(place, was)
	if errors.Is(err, fs.ErrNotExist) {
		return noReplace(made, place)
	}
	if err != nil {
		return err
	}
	if err := noReplace(made, place); err != nil {
		if back := noReplace(was, place); back != nil && !errors.Is(back, fs.ErrExist) {
			return errors.Join(err, back)
		}
		return err
	}
	return nil
}
