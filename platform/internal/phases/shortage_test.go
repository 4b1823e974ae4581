//go:build linux

package phases

import (
	"errors"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestAShortageIsKnownByWhatProgramsSay(t *testing.T) {
	for _, tc := range []struct{ line, id string }{
		{"npm error Error: spawn sh EAGAIN", "out-of-processes"},
		{"  errno: -11, code: 'EAGAIN', syscall: 'spawn /bin/sh'", "out-of-processes"},
		{"sh: 1: Cannot fork", "out-of-processes"},
		{"bash: fork: retry: Resource temporarily unavailable", "out-of-processes"},
		{"fork/exec /cnb/buildpacks/x/bin/build: resource temporarily unavailable", "out-of-processes"},
		{"make: vfork: Resource temporarily unavailable", "out-of-processes"},
		{"runtime: failed to create new OS thread (have 5 already; errno=11)", "out-of-processes"},
		{"runtime/cgo: pthread_create failed: Resource temporarily unavailable", "out-of-processes"},
		{"Error: EMFILE: too many open files, open '/workspace/a.js'", "too-many-open-files"},
		{"open x: too many open files", "too-many-open-files"},
		{"runtime: eventfd failed with 24", "too-many-open-files"},
		{"Error: EFBIG: file too large, write", "file-too-large"},
		{"File size limit exceeded", "file-too-large"},
		{"read tcp: resource temporarily unavailable", ""},
		{"Error: EAGAIN: resource temporarily unavailable, read", ""},
		{"a fork of the library spawned interest", ""},
		{"the spawn of a file", ""},
	} {
		got := shortageIn(tc.line)
		if id := ""; got != nil {
			id = got.ID
			if id != tc.id {
				t.Errorf("%q: got %s, want %q", tc.line, id, tc.id)
			}
		} else if tc.id != "" {
			t.Errorf("%q: got nothing, want %s", tc.line, tc.id)
		}
	}
}

func silent() *progress.Log { return progress.New(nil) }

// A shortage matters only if the build fails.
func TestAShortageIsTheReasonOfABuildThatFails(t *testing.T) {
	w := newWatcher(silent(), "app", nil)
	w.line("npm error Error: spawn sh EAGAIN")
	w.line("npm error A complete log of this run can be found in: /home/cnb/.npm")
	var f *failure.Failure
	if err := w.failed(sandbox.Status{Code: 51}); !errors.As(err, &f) || f.ID != "out-of-processes" || !f.Transient {
		t.Errorf("got %v, want out-of-processes", err)
	}
	for range nearEnd {
		w.line("goes on")
	}
	if err := w.failed(sandbox.Status{Code: 51}); !errors.Is(err, &failure.Failure{ID: "build-failed"}) {
		t.Errorf("it went on for long: got %v, want build-failed", err)
	}
	if err := newWatcher(silent(), "app", nil).failed(sandbox.Status{Code: 51}); !errors.Is(err, &failure.Failure{ID: "build-failed"}) {
		t.Errorf("got %v, want build-failed", err)
	}
}

// A buildpack that the lifecycle could not start is not the app's fault.
func TestAShortageWhileDetectingIsTheReason(t *testing.T) {
	w := newWatcher(silent(), "app", nil)
	for _, line := range []string{
		"======== Error: armature/npm-start@0.1.0 ========", "fork/exec /cnb/buildpacks/armature_npm-start/0.1.0/bin/detect: too many open files",
		"======== Results ========", "err:  armature/npm-start@0.1.0", "ERROR: No buildpack groups passed detection.", "ERROR: failed to detect: no buildpacks participating",
	} {
		w.line(line)
	}
	if err := w.failed(sandbox.Status{Code: noBuildpacks}); !errors.Is(err, &failure.Failure{ID: "too-many-open-files"}) {
		t.Errorf("got %v, want too-many-open-files", err)
	}
	for _, line := range []string{"======== Output: armature/npm-start@0.1.0 ========", "[no-package-json] cannot read it: too many open files", "To fix it: do.", "======== Results ========", "fail: armature/npm-start@0.1.0"} {
		w.line(line)
	}
	if err := w.failed(sandbox.Status{Code: noBuildpacks}); !errors.Is(err, &failure.Failure{ID: "no-package-json"}) {
		t.Errorf("a buildpack gives an id: got %v, want it", err)
	}
}
