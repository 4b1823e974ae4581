//go:build linux

package staging_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/files/staging"
)

// put writes a folder with one file and puts it at a place.
func put(t *testing.T, place, content string, exchange func(a, b string) error) error {
	t.Helper()
	s, err := staging.New(place)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	made := s.Path("new")
	if err := errors.Join(os.Mkdir(made, 0o755), os.WriteFile(filepath.Join(made, "file"), []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	if exchange == nil {
		return s.Put(made, place)
	}
	return s.PutWith(exchange, made, place)
}

// read is the content of the folder's file.
func read(place string) string {
	text, err := os.ReadFile(filepath.Join(place, "file"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func alone(t *testing.T, place string) {
	t.Helper()
	if list, err := os.ReadDir(filepath.Dir(place)); err != nil || len(list) != 1 {
		t.Errorf("there is %v, %v, want %s alone", list, err, filepath.Base(place))
	}
}

// File systems differ in what they can do.
var exchanges = []struct {
	name     string
	exchange func(a, b string) error
}{
	{"that can exchange names", nil},
	{"that cannot (zfs, nfs)", func(string, string) error { return unix.EINVAL }},
	{"of a kernel that cannot", func(string, string) error { return unix.ENOSYS }},
	{"that does not offer it", func(string, string) error { return unix.EOPNOTSUPP }},
}

func TestAFolderIsPutInPlaceOnEveryFileSystem(t *testing.T) {
	for _, on := range exchanges {
		t.Run(on.name, func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "new/place")
			for _, content := range []string{"first", "second", "third"} {
				if err := put(t, place, content, on.exchange); err != nil || read(place) != content {
					t.Errorf("got %q, %v, want %q", read(place), err, content)
				}
				alone(t, place)
			}
		})
	}
}

// At a place that nothing can be put at, what was there stays.
func TestWhatWasThereStaysWhenAStepFails(t *testing.T) {
	for _, on := range exchanges {
		t.Run(on.name, func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "place")
			if err := put(t, place, "old", on.exchange); err != nil {
				t.Fatal(err)
			}
			s, err := staging.New(place)
			if err != nil {
				t.Fatal(err)
			}
			exchange := on.exchange
			if exchange == nil {
				exchange = func(string, string) error { return unix.EIO }
			}
			if err := s.PutWith(exchange, s.Path("none"), place); err == nil {
				t.Error("got no error")
			}
			s.Close()
			if read(place) != "old" {
				t.Errorf("got %q, want what was there", read(place))
			}
			alone(t, place)
		})
	}
}

func TestReadersSeeOneOrTheOther(t *testing.T) {
	place := filepath.Join(t.TempDir(), "place")
	if err := put(t, place, "whole", nil); err != nil {
		t.Fatal(err)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, place, unix.AT_FDCWD, place, unix.RENAME_EXCHANGE); err != nil {
		t.Skipf("this file system cannot exchange names: %v", err)
	}
	var ended atomic.Bool
	var writers, readers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for range 200 {
				if err := put(t, place, "whole", nil); err != nil {
					t.Error(err)
				}
			}
		})
		readers.Go(func() {
			for !ended.Load() {
				if _, err := os.Lstat(place); err != nil {
					t.Errorf("nothing is there: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	ended.Store(true)
	readers.Wait()
	alone(t, place)
}

func TestManyWritersWithoutExchangeLeaveOne(t *testing.T) {
	place := filepath.Join(t.TempDir(), "place")
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 50 {
				if err := put(t, place, "whole", func(string, string) error { return syscall.EINVAL }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if read(place) != "whole" {
		t.Errorf("got %q", read(place))
	}
	alone(t, place)
}

func TestAStageThatSomebodyWorksInStays(t *testing.T) {
	place := filepath.Join(t.TempDir(), "[a]pp") // characters of patterns mean nothing
	at, err := staging.New(place)
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	stale := filepath.Join(filepath.Dir(place), ".[a]pp"+staging.Mark+"1")
	other := filepath.Join(filepath.Dir(place), ".app"+staging.Mark+"1")
	if err := errors.Join(os.Mkdir(stale, 0o755), os.Mkdir(other, 0o755)); err != nil {
		t.Fatal(err)
	}
	next, err := staging.New(place)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	for path, want := range map[string]bool{at.Dir: true, stale: false, other: true, next.Dir: true} {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) == want {
			t.Errorf("%s: got %v, want it there: %v", path, err, want)
		}
	}
}

// Nothing can be made in /proc, which says that it is not there.
func TestAFolderThatTakesNothingIsSaidToAtOnce(t *testing.T) {
	s, err := staging.New("/proc/place")
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
