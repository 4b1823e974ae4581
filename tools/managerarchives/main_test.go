package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

func TestTheNewestReleaseOfEachLineIsTaken(t *testing.T) {
	all, err := choose(managerreleases.Known(), "")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, release := range all {
		line := lineOf(release)
		if slices.Contains(lines, line) {
			t.Errorf("%s is there twice", line)
		}
		lines = append(lines, line)
	}
	for _, want := range []string{"pnpm-12", "pnpm-7", "yarn-1", "yarn-4", "bun-1"} {
		if !slices.Contains(lines, want) {
			t.Errorf("got %q, want %s in it", lines, want)
		}
	}
	newest, _ := managerreleases.Known().Newest("bun")
	one, err := choose(managerreleases.Known(), "bun-1, yarn-4")
	if err != nil || len(one) != 2 || !one[0].Version.Equal(newest.Version) || lineOf(one[1]) != "yarn-4" {
		t.Errorf("got %v, %v", one, err)
	}
	if _, err := choose(managerreleases.Known(), "pnpm-3"); err == nil || !strings.Contains(err.Error(), "want some of ") || !strings.Contains(err.Error(), "pnpm-10") {
		t.Errorf("got %v", err)
	}
}

// A program for Node.js is there once, a native one for each target.
func TestPackagesAreThereOnce(t *testing.T) {
	for line, want := range map[string]int{"yarn-4": 1, "pnpm-10": 1, "pnpm-12": 3, "bun-1": 2} {
		releases, err := choose(managerreleases.Known(), line)
		if err != nil {
			t.Fatal(err)
		}
		if packages, err := packagesOf(releases, targets.All()); err != nil || len(packages) != want {
			t.Errorf("%s: got %v, %v, want %d packages", line, packages, err, want)
		}
	}
}

func TestArchivesOfOtherReleasesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	releases, err := choose(managerreleases.Known(), "yarn-4")
	if err != nil {
		t.Fatal(err)
	}
	packages, err := packagesOf(releases, targets.All())
	if err != nil {
		t.Fatal(err)
	}
	old, kept := "sha512-"+strings.Repeat("ab", 64), packages[0].Checksum.FileName()
	for _, name := range []string{old, kept, ".done"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(packages, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{old: false, kept: true, ".done": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %v", name, err, want)
		}
	}
}

func TestRunRefusesBadFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"-out is missing": nil,
		"want some of":    {"-out", "x", "-lines", "npm-11"},
		"-targets: ":      {"-out", "x", "-targets", "linux/riscv64"},
		"not-a-flag":      {"-not-a-flag"},
	} {
		if err := run(context.Background(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
}
