//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/progress"
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

// The image is there and its digest was printed: that is how the call ends.
func TestAGoodBuildStaysGoodWhateverComesOfItsFolders(t *testing.T) {
	for _, tc := range []struct {
		flags buildFlags
		note  string
	}{
		{buildFlags{progress: "plain"}, "the image is good, but"},
		{buildFlags{progress: "json"}, `"event":"note"`},
		{buildFlags{progress: "plain", quiet: true}, ""},
	} {
		var out, log bytes.Buffer
		p := &program{stdout: &out, stderr: &log, getenv: func(string) string { return "" }}
		var options phases.Options
		var err error
		if options.Log, err = tc.flags.log(p); err != nil {
			t.Fatal(err)
		}
		printed := ""
		status := p.status(tc.flags.end(p, options, func() error {
			printed = out.String()
			return errors.New("device or resource busy")
		}, "app@sha256:1", nil), false)
		if status != 0 || out.String() != "app@sha256:1\n" || printed != out.String() {
			t.Errorf("%+v: got status %d, %q, and %q when the folders were removed", tc.flags, status, &out, printed)
		}
		if tc.note == "" && log.Len() > 0 || !strings.Contains(log.String(), tc.note) {
			t.Errorf("%+v: got %q, want %q in it", tc.flags, &log, tc.note)
		}
	}
}

// Whoever called has pushed the image, and needs its digest.
func TestAnImageWithoutItsTimelineIsTold(t *testing.T) {
	var out, log bytes.Buffer
	p := &program{stdout: &out, stderr: &log, getenv: func(string) string { return "" }}
	dir := filepath.Join(t.TempDir(), "gone")
	flags := buildFlags{progress: "plain", timings: filepath.Join(dir, "t.html")}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var options phases.Options
	var err error
	if options.Log, err = flags.log(p); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil { // while the build runs
		t.Fatal(err)
	}
	let := false
	status := p.status(flags.end(p, options, func() error { let = true; return nil }, "app@sha256:1", nil), false)
	if status != statusFailure || out.String() != "app@sha256:1\n" || !strings.Contains(log.String(), "[timings-unwritable] ") || !let {
		t.Errorf("got status %d, %q, %s, let go: %v", status, &out, &log, let)
	}
}

func TestABadBuildLetsGoOfItsFoldersToo(t *testing.T) {
	p := &program{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	let := false
	options := phases.Options{Log: progress.New(p.stderr, progress.Plain, os.Getenv)}
	err := (&buildFlags{}).end(p, options, func() error { let = true; return nil }, "", errors.New("no"))
	if err == nil || !let {
		t.Errorf("got %v, let go: %v", err, let)
	}
}
