//go:build linux

package phases

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

// Restored layers are verified, however long the list is.
func TestTheCachesListIsReadAsFarAsTheLifecycleReadsIt(t *testing.T) {
	const list = `{"buildpacks":[{"key":"a/engine","version":"1","layers":{"node":{"sha":"x"}}}]}`
	for _, tc := range []struct {
		name     string
		make     func(path string) error
		listed   bool
		tampered bool
	}{
		{"one", func(path string) error { return os.WriteFile(path, []byte(list), 0o644) }, true, false},
		{"of more than 1 MiB", func(path string) error {
			return os.WriteFile(path, []byte(list+strings.Repeat(" ", 2<<20)), 0o644)
		}, true, false},
		{"behind a link", func(path string) error {
			return errors.Join(os.WriteFile(path+".other", []byte(list), 0o644), os.Symlink(filepath.Base(path)+".other", path))
		}, true, false},
		{"none", func(string) error { return nil }, false, false},
		{"no JSON", func(path string) error { return os.WriteFile(path, []byte("{"), 0o644) }, false, false},
		{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }, false, true},
		{"more than anybody writes", func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, maxCacheList+1))
		}, false, true},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, cacheList)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), tc.make(path)); err != nil {
			t.Fatal(err)
		}
		got, _, err := readCacheMetadata(dir)
		if tampered := errors.Is(err, &failure.Failure{ID: "image-changed"}); tampered != tc.tampered || !tampered && err != nil || (len(got) == 1) != tc.listed {
			t.Errorf("%s: got %v, %v", tc.name, got, err)
		}
	}
}
