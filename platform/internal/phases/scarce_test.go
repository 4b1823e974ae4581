//go:build linux

package phases

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/testing/scarce"
)

// What runs short of files or of room for them is an error, or has done all that
// it does otherwise. What a build takes over as far as it can read it, such as
// downloads, is not among these.
func TestWhatRunsShortIsWholeOrAnError(t *testing.T) {
	_, image := labelled(t, hostTarget(t))
	type step func(b *Build) (any, error)
	changes := map[string]step{
		"a list": func(b *Build) (any, error) {
			return nil, dropCached(b.work.Path("from"), nil, os.Geteuid(), os.Getegid(), true)
		},
		"the app":                 func(b *Build) (any, error) { os.RemoveAll(b.work.Path("room/app")); return nil, b.copyApp(t.Context()) },
		"what the lifecycle gets": func(b *Build) (any, error) { return nil, b.prepare(t.Context()) },
		"bills of materials": func(b *Build) (any, error) {
			b.SBOMDir = b.work.Path("bills")
			return nil, b.copySBOM()
		},
		"a seed": func(b *Build) (any, error) {
			return nil, b.leave(image, b.work.Path("seed"), []string{"a_engine"})
		},
	}
	reads := map[string]step{
		"the builder":      func(b *Build) (any, error) { return nil, b.builder.readRoot(b.root, b.Target) },
		"what is declared": func(b *Build) (any, error) { return b.declared() },
		"declared layers":  func(b *Build) (any, error) { return declaredLayers(b.root) },
		"manifests":        func(b *Build) (any, error) { _, err := b.preview(); return nil, err },
		"a cache's layers": func(b *Build) (any, error) { return b.cachedLayers(nil) },
	}
	for name, do := range changes {
		t.Run(name, func(t *testing.T) { runShort(t, image, do, true) })
	}
	for name, do := range reads {
		t.Run(name, func(t *testing.T) { runShort(t, image, do, false) })
	}
}

// runShort runs a step of builds that run short; or of one, if it changes nothing.
func runShort(t *testing.T, image v1.Image, do func(b *Build) (any, error), changes bool) {
	t.Helper()
	ready := func() *Build {
		b := prepared(t)
		put(t, b.blobs, image)
		return b
	}
	b := ready()
	value, err := do(b)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintln(value) + treeOf(t, b)
	try := func() scarce.Try {
		b := b
		if changes {
			b = ready()
		}
		var value any
		return scarce.Try{
			Do: func() (err error) { value, err = do(b); return err },
			Check: func() {
				got := fmt.Sprintln(value) + treeOf(t, b)
				for line := range strings.Lines(got) {
					if !strings.Contains(want, line) {
						t.Errorf("got  %s", line)
					}
				}
				for line := range strings.Lines(want) {
					if !strings.Contains(got, line) {
						t.Errorf("want %s", line)
					}
				}
			},
		}
	}
	scarce.Files(t, try)
	scarce.Room(t, try)
}

// prepared returns a build with everything that its steps read.
func prepared(t *testing.T) *Build {
	t.Helper()
	b := working(t)
	write(t, b.work.Path("room/app/package.json"), plainPackage)
	write(t, b.work.Path("room/app/package-lock.json"), plainLock)
	write(t, b.work.Path("room/layers/sbom/launch/a.json"), strings.Repeat("{}", 1000))
	write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
	write(t, b.root+"/etc/passwd", "cnb:x:1001:1000::/home/cnb:/bin/sh\n")
	write(t, b.root+"/cnb/lifecycle/launcher", programFor(b.Target))
	b.first = working(t)
	write(t, b.first.work.Path("room/layers/a_one/x.toml"), "[types]\nlaunch = true\n[metadata]\nany-target = true\n")
	cacheOf(t, b.work.Path("from"), map[string]string{archiveContent: "x"})
	return b
}

// treeOf lists the files of a build with their modes and sizes.
func treeOf(t *testing.T, b *Build) string {
	t.Helper()
	var out strings.Builder
	for _, dir := range []string{b.work.Dir, b.kept.Dir} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			size := info.Size()
			if info.IsDir() {
				size = 0
			}
			name, err := filepath.Rel(dir, path)
			fmt.Fprintf(&out, "%s %s %d\n", name, info.Mode(), size)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}
