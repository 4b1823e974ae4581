//go:build linux

package oci_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/oci"
)

func TestReadersOfALayoutThatIsReplacedSeeOneOrTheOther(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	if err := oci.WriteLayout(dir, empty.Image); err != nil {
		t.Fatal(err)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE); err != nil {
		t.Skipf("this file system cannot exchange names: %v", err)
	}
	var ended atomic.Bool
	var writers, readers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for range 100 {
				if err := oci.WriteLayout(dir, empty.Image); err != nil {
					t.Errorf("writing: %v", err)
				}
			}
		})
		readers.Go(func() {
			for !ended.Load() {
				if _, err := os.Lstat(filepath.Join(dir, "index.json")); err != nil {
					t.Errorf("reading: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	ended.Store(true)
	readers.Wait()
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("got %v, want the layout only", list)
	}
}

// An unprivileged user reads what root made.
func TestEverybodyCanReadALayout(t *testing.T) {
	for _, mask := range []int{0o022, 0o077} {
		was := syscall.Umask(mask)
		dir := filepath.Join(t.TempDir(), "layout")
		image, err := random.Image(100, 2)
		if err == nil {
			err = oci.WriteLayout(dir, image)
		}
		syscall.Umask(was)
		if err != nil {
			t.Fatal(err)
		}
		blobs := 0
		filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			info, statErr := os.Lstat(path)
			if err != nil || statErr != nil {
				t.Fatal(err, statErr)
			}
			want := fs.FileMode(0o644)
			if entry.IsDir() {
				want = 0o755
			} else if strings.Contains(path, "/blobs/") {
				blobs++
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("umask %o: %s has the mode %o, want %o", mask, path, got, want)
			}
			return nil
		})
		if blobs != 4 {
			t.Errorf("looked at %d blobs, want manifest, configuration and two layers", blobs)
		}
	}
}

func TestAWholeLayoutIsRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	index, err := random.Index(500, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := oci.WriteIndex(dir, index); err != nil {
		t.Fatal(err)
	}
	got, err := oci.ReadIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := got.IndexManifest()
	if err != nil || len(manifest.Manifests) != 3 {
		t.Fatalf("got %v, %v", manifest, err)
	}
	if err := validate.Index(got); err != nil {
		t.Error(err)
	}
}

// Malicious layouts. Each is a valid one with one file replaced.
func TestAMaliciousLayoutIsRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte(`{"schemaVersion":2,"manifests":[]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o644) }
	link := func(to string) func(string) error { return func(path string) error { return os.Symlink(to, path) } }
	sparse := func(path string) error {
		return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 1<<40))
	}
	other := func(path string) error { return os.WriteFile(path, []byte(`{}`), 0o644) }
	for _, tc := range []struct {
		name string
		file func(index *v1.IndexManifest, manifest *v1.Manifest) string
		make func(path string) error
	}{
		{"the index is a pipe", indexFile, pipe},
		{"the index is a device", indexFile, link("/dev/zero")},
		{"the index is elsewhere", indexFile, link(outside)},
		{"the index has no end", indexFile, sparse},
		{"the index is a folder", indexFile, func(path string) error { return os.Mkdir(path, 0o755) }},
		{"a manifest is a pipe", manifestFile, pipe},
		{"a manifest is a device", manifestFile, link("/dev/zero")},
		{"a manifest is elsewhere", manifestFile, link(outside)},
		{"a manifest has no end", manifestFile, sparse},
		{"a manifest is another one", manifestFile, other},
		{"a configuration is a pipe", configFile, pipe},
		{"a configuration is a device", configFile, link("/dev/zero")},
		{"a configuration has no end", configFile, sparse},
		{"a configuration is another one", configFile, other},
		{"a layer is a pipe", layerFile, pipe},
		{"a layer is a device", layerFile, link("/dev/zero")},
		{"a layer is elsewhere", layerFile, link(outside)},
		{"a layer has no end", layerFile, sparse},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "layout")
			made := image(t)
			if err := oci.WriteLayout(dir, made); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "index.json"))
			if err != nil {
				t.Fatal(err)
			}
			var index v1.IndexManifest
			if err := json.Unmarshal(text, &index); err != nil {
				t.Fatal(err)
			}
			manifest, err := made.Manifest()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, tc.file(&index, manifest))
			if err := errors.Join(os.Remove(path), tc.make(path)); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			done := make(chan error, 1)
			go func() { done <- readAll(dir) }()
			select {
			case err := <-done:
				if err == nil {
					t.Error("it was read")
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it waits, or reads without end")
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
				t.Errorf("it took %d MB of memory", took>>20)
			}
		})
	}
}

func indexFile(*v1.IndexManifest, *v1.Manifest) string { return "index.json" }

func manifestFile(index *v1.IndexManifest, _ *v1.Manifest) string {
	return blob(index.Manifests[0].Digest)
}

func configFile(_ *v1.IndexManifest, manifest *v1.Manifest) string {
	return blob(manifest.Config.Digest)
}

func layerFile(_ *v1.IndexManifest, manifest *v1.Manifest) string {
	return blob(manifest.Layers[0].Digest)
}

func blob(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// readAll reads a layout with everything in it.
func readAll(dir string) error {
	image, err := oci.ReadLayout(dir)
	if err != nil {
		return err
	}
	return validate.Image(image)
}
