//go:build linux

// Package staging writes files and folders next to their destination, and then
// replaces the destination atomically.
package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Mark is part of the names of stages.
const Mark = ".armature-"

// Stage is a temporary folder next to a destination, on the same file system.
// It is locked while its process lives: the next process with the same
// destination removes the stages of killed ones.
type Stage struct {
	Dir  string
	lock *os.File
}

// pattern returns the name pattern of a destination's stages.
func pattern(place string) string { return "." + filepath.Base(place) + Mark }

// New makes a stage, and the destination's parent folder, and removes stale
// stages for the same destination. The caller must Close it.
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
			continue // another process removed the empty folder; or it allows none, as /proc
		}
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(dir)
		if err == nil {
			return &Stage{Dir: dir, lock: lock}, nil
		}
		// Another process took it for a stale one.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, os.Remove(dir))
		}
		failed = err
	}
	return nil, failed
}

// tries is how often an operation is retried that races with other processes.
const tries = 100

// Path returns the path of a name in the stage.
func (s *Stage) Path(name string) string { return filepath.Join(s.Dir, name) }

// Close removes the stage and its remaining content.
func (s *Stage) Close() error {
	defer s.lock.Close()
	return os.RemoveAll(s.Dir)
}

// lockFolder locks a folder. If the folder was removed meanwhile, the error is
// [fs.ErrNotExist].
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

// removeStale removes stages without a living process. Other users' stages
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

// RemoveStale removes a stage unless a process uses it.
func RemoveStale(dir string) {
	if lock, err := lockFolder(dir); err == nil {
		os.RemoveAll(dir)
		lock.Close()
	}
}

// escaped returns a pattern that matches exactly the text.
func escaped(text string) string {
	var pattern []rune
	for _, r := range text {
		pattern = append(pattern, '\\', r)
	}
	return string(pattern)
}

// Put renames made to place, and moves an existing folder at place into the
// stage. The exchange is atomic, unless the file system does not support it:
// then place is briefly missing, and restored if the rename fails.
func (s *Stage) Put(made, place string) error { return s.put(made, place, exchange) }

// exchange swaps two paths.
func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// noReplace renames unless the new name exists.
func noReplace(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if unsupported(err) {
		err = os.Rename(from, to) // for folders, it replaces at most an empty one
	}
	return err
}

// unsupported reports whether the file system does not support renameat2's
// flags.
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

// putInSteps is put without an atomic exchange. If another process has created
// place meanwhile, the error is [fs.ErrExist].
func (s *Stage) putInSteps(made, place string) error {
	was := s.Path("was")
	if err := os.RemoveAll(was); err != nil { // from the previous try
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
