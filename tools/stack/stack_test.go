package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// needArchive leaves a test out that downloads from Debian's archive.
func needArchive(t *testing.T) {
	t.Helper()
	tier.Program(t, "mmdebstrap")
}

func TestMissingHostProgramsAreNamed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", "")
	for _, k := range []string{"run", "run-tiny", "build"} {
		err := run(t.Context(), []string{"-kind", k, "-target", "linux/arm64", "-out", filepath.Join(dir, "below", k)}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "apt-get install mmdebstrap apt dpkg") {
			t.Errorf("%s: got %v, want what to install", k, err)
		}
	}
	if names := entries(t, dir); len(names) != 0 {
		t.Errorf("got %q, want nothing", names)
	}
}

func TestSameArchiveGivesSameImage(t *testing.T) {
	needArchive(t)
	dir := t.TempDir()
	outs := []string{filepath.Join(dir, "first"), filepath.Join(dir, "second")}
	var both errgroup.Group
	for _, out := range outs {
		both.Go(func() error {
			return run(t.Context(), []string{"-kind", "run", "-target", "linux/arm64", "-out", out}, io.Discard)
		})
	}
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"/index.json", ".cdx.json", ".inputs"} {
		first, second := read(t, outs[0]+file), read(t, outs[1]+file)
		if first != second {
			t.Errorf("%s: got %s, then %s", file, first, second)
		}
	}
	if names := entries(t, dir); len(names) != 6 {
		t.Errorf("got %q, want each image, its SBOM and its inputs", names)
	}

	t.Run("an image that is there is not made again", func(t *testing.T) {
		t.Setenv("PATH", "")
		var log strings.Builder
		if err := run(t.Context(), []string{"-kind", "run", "-target", "linux/arm64", "-out", outs[0]}, &log); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "is up to date") {
			t.Errorf("got %q", log.String())
		}
	})
	t.Run("unless it is asked for", func(t *testing.T) {
		t.Setenv("PATH", "")
		if err := run(t.Context(), []string{"-kind", "run", "-target", "linux/arm64", "-out", outs[0], "-force"}, io.Discard); err == nil {
			t.Error("the image is not made again")
		}
		if _, err := oci.ReadLayout(outs[0]); err != nil {
			t.Errorf("the image of before is gone: %v", err)
		}
	})
	t.Run("or was made for another target", func(t *testing.T) {
		t.Setenv("PATH", "")
		if err := run(t.Context(), []string{"-kind", "run", "-target", "linux/amd64", "-out", outs[0]}, io.Discard); err == nil {
			t.Error("the image for linux/arm64 is taken for one for linux/amd64")
		}
	})
}

func TestNothingIsLeftBehind(t *testing.T) {
	needArchive(t)
	t.Run("after an interrupt", func(t *testing.T) {
		dir, hostTemp := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", hostTemp)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := run(ctx, []string{"-kind", "build", "-target", "linux/amd64", "-out", dir + "/build"}, io.Discard)
		if err == nil {
			t.Fatal("the image is made within a second")
		}
		if names := slices.Concat(entries(t, dir), entries(t, hostTemp)); len(names) != 0 {
			t.Errorf("got %q, want nothing", names)
		}
	})
	t.Run("when the disk is full", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
			t.Skipf("a small disk cannot be mounted here: %v", err)
		}
		defer syscall.Unmount(dir, 0)
		err := run(t.Context(), []string{"-kind", "run", "-target", "linux/amd64", "-out", dir + "/run"}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "No space left on device") {
			t.Errorf("got %v, want that no space is left", err)
		}
		if names := entries(t, dir); len(names) != 0 {
			t.Errorf("got %q, want nothing", names)
		}
	})
}

func TestOnlyKeyringsAreRemoved(t *testing.T) {
	for _, tc := range []struct{ name, left string }{{"mmdebstrap.gpghome.x/pubring.gpg", ""}, {"mmdebstrap.x/proc/1", "mmdebstrap.x"}} {
		temp := filepath.Join(t.TempDir(), "temp")
		if err := os.MkdirAll(filepath.Join(temp, tc.name), 0o755); err != nil {
			t.Fatal(err)
		}
		removeKeyrings(temp)
		names, _ := os.ReadDir(temp)
		got := ""
		for _, entry := range names {
			got += entry.Name()
		}
		if got != tc.left {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.left)
		}
	}
}

func TestUnknownPackageIsNamed(t *testing.T) {
	needArchive(t)
	_, err := fetch(t.Context(), targets.LinuxARM64, []string{"netbase", "no-such-package"}, false, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "Unable to locate package no-such-package") {
		t.Errorf("got %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}
