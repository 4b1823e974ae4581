//go:build linux

package output

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/tools/armature/internal/home"
	"github.com/armature-cnb/armature/tools/armature/internal/images"
)

// stage is a folder beside the place that something is written for, on the
// same disk. It is locked for as long as its process lives: the next one that
// writes for the place removes those of processes that were killed.
type stage struct {
	dir  string
	lock *os.File
}

// stagePattern is what the stages for a place are called.
func stagePattern(place string) string { return "." + filepath.Base(place) + home.StageMark }

func newStage(place string) (*stage, error) {
	parent := filepath.Dir(place)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	removeStale(place)
	for {
		dir, err := os.MkdirTemp(parent, stagePattern(place)+"*")
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(dir)
		if err == nil {
			if _, err = os.Lstat(dir); err == nil {
				return &stage{dir: dir, lock: lock}, nil
			}
			lock.Close()
		}
		// Somebody else took it for one that nobody works in.
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, os.Remove(dir))
		}
	}
}

// Close removes the stage and what is still in it.
func (s *stage) Close() error {
	defer s.lock.Close()
	return home.RemoveAll(s.dir)
}

func lockFolder(dir string) (*os.File, error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
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
		if ok, err := filepath.Match(escaped(stagePattern(place))+"*", entry.Name()); err != nil || !ok || !entry.IsDir() {
			continue
		}
		dir := filepath.Join(filepath.Dir(place), entry.Name())
		if lock, err := lockFolder(dir); err == nil {
			home.RemoveAll(dir)
			lock.Close()
		}
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

// writeLayout replaces a layout, or makes one; another folder with something
// in it is left alone.
func writeLayout(dir string, index v1.ImageIndex) (err error) {
	dir = filepath.Clean(dir)
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 && !images.IsLayout(dir) {
		return &failure.Failure{ID: "output-occupied", Cause: dir + " holds something that is not an OCI layout", Remedy: "name another folder, or remove this one."}
	}
	s, err := newStage(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	made := filepath.Join(s.dir, "new")
	if _, err := layout.Write(made, index); err != nil {
		return unwritable(dir, err)
	}
	if err := replace(made, dir); err != nil {
		return unwritable(dir, err)
	}
	return nil
}

// replace gives a folder another one's name, and the other one, if it is there,
// the folder's. At no moment is there none of that name.
func replace(made, dir string) error {
	for range 100 { // somebody else may make or remove it in between
		err := unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
		switch {
		case errors.Is(err, unix.ENOENT):
			err = unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, dir, unix.RENAME_NOREPLACE)
		case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS): // not on this file system
			if err := os.Rename(dir, made+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return os.Rename(made, dir)
		}
		if !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return errors.New("it comes and goes: somebody else writes to it, too")
}

// writeTar writes what docker load takes.
func writeTar(path string, tag name.Tag, made []v1.Image) (err error) {
	if len(made) > 1 {
		return onePlatform("an archive for docker load holds one platform")
	}
	s, err := newStage(path)
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file, err := os.Create(filepath.Join(s.dir, "new"))
	if err != nil {
		return unwritable(path, err)
	}
	defer file.Close()
	if err := tarball.Write(tag, made[0], file); err != nil {
		return unwritable(path, err)
	}
	if err := file.Close(); err != nil {
		return unwritable(path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return unwritable(path, err)
	}
	return nil
}
