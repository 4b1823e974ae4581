//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPruneSaysWhatItRemoves(t *testing.T) {
	dir := t.TempDir()
	image := filepath.Join(dir, "images/registry/team/app\x1b[31m:1")
	old := time.Now().Add(-40 * 24 * time.Hour)
	waiting := filepath.Join(dir, "trash", strings.Repeat("a", 26), "y")
	index := filepath.Join(image, "index.json")
	if err := errors.Join(os.MkdirAll(waiting, 0o755), os.MkdirAll(image, 0o755), os.WriteFile(index, make([]byte, 5000), 0o644), os.Chtimes(index, old, old)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, want string
		there      bool
		args       []string
	}{
		{"younger than asked", "removed 0, 0.0 MB", true, []string{"--older-than", "50d"}},
		{"asked only", "would remove 1, ", true, []string{"--dry-run"}},
		{"with the limits of every call", "removed 1, ", false, nil},
	} {
		out, log, status := call(t, append([]string{"prune", "--cache-dir", dir}, tc.args...)...)
		if status != 0 || !strings.Contains(out, "\n"+tc.want) && !strings.HasPrefix(out, tc.want) {
			t.Errorf("%s: got status %d, %q, %s", tc.name, status, out, log)
		}
		if strings.ContainsRune(out, 0x1b) {
			t.Errorf("%s: %q would be more than text to a terminal", tc.name, out)
		}
		if _, err := os.Lstat(image); (err == nil) != tc.there {
			t.Errorf("%s: the image is there: %v", tc.name, err == nil)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "trash/*")); len(left) != 0 {
		t.Errorf("left in the trash: %q", left)
	}
}

func TestWhatOnlyLooksMakesNoFolder(t *testing.T) {
	for _, args := range [][]string{{"prune"}, {"prune", "--all"}, {"prune", "--dry-run"}, {"inspect", "/no-such-layout"}} {
		base := t.TempDir()
		for _, dir := range []string{filepath.Join(base, "none"), base} {
			out, log, status := call(t, append(args, "--cache-dir", dir)...)
			if there, _ := os.ReadDir(base); len(there) != 0 {
				t.Errorf("%q with %s: it made %v", args, dir, there)
			}
			if args[0] == "prune" && (status != 0 || !strings.Contains(out, "nothing to remove: "+dir)) {
				t.Errorf("%q with %s: got status %d, %q, %s", args, dir, status, out, log)
			}
		}
	}
}

func TestPruneRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, args := range [][]string{{"--older-than", "long"}, {"--keep-size", "much"}, {"--all", "--keep-size", "1GB"}, {"--all", "--older-than", "1d"}} {
		if _, log, status := call(t, append([]string{"prune", "--cache-dir", t.TempDir()}, args...)...); status != statusUsage {
			t.Errorf("%q: got status %d, %s", args, status, log)
		}
	}
}
