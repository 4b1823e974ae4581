//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/platform"
)

// The image was written and its digest printed: the call succeeds.
func TestAGoodBuildStaysGoodWhateverComesOfItsFolders(t *testing.T) {
	for _, tc := range []struct {
		flags buildFlags
		want  string // on standard error
	}{
		{buildFlags{progress: "plain"}, "the image is good, but\n"},
		{buildFlags{progress: "terminal"}, "the image is good, but\n"},
		{buildFlags{progress: "json"}, `{"event":"image","at":0,"text":"app@sha256:1"}` + "\n" + `{"event":"note","at":0,"text":"the image is good, but"}` + "\n"},
		{buildFlags{progress: "plain", quiet: true}, ""},
	} {
		var out, log bytes.Buffer
		p := &program{stdout: &out, stderr: &log, getenv: func(string) string { return "" }}
		o, err := tc.flags.outcome(p)
		if err != nil {
			t.Fatal(err)
		}
		o.Event(platform.BuildStarted{Name: "app"})
		o.Event(platform.ImageWritten{Reference: "app@sha256:1"})
		printed := out.String()
		o.Event(platform.Note{Text: "the image is good, but"})
		status := p.status(o.end(nil), false)
		if status != 0 || out.String() != "app@sha256:1\n" || printed != out.String() || log.String() != tc.want {
			t.Errorf("%+v: got status %d, %q (%q when there was an image), %q, want %q", tc.flags, status, &out, printed, &log, tc.want)
		}
	}
}

// The caller has pushed the image, and needs its digest.
func TestAnImageWithoutItsTimelineIsTold(t *testing.T) {
	var out, log bytes.Buffer
	p := &program{stdout: &out, stderr: &log, getenv: func(string) string { return "" }}
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	o, err := (&buildFlags{progress: "plain", timings: filepath.Join(dir, "t.html")}).outcome(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil { // while the build runs
		t.Fatal(err)
	}
	o.Event(platform.BuildStarted{Name: "app"})
	o.Event(platform.ImageWritten{Reference: "app@sha256:1"})
	if status := p.status(o.end(nil), false); status != statusFailure || out.String() != "app@sha256:1\n" || !strings.Contains(log.String(), "[timings-unwritable] ") {
		t.Errorf("got status %d, %q, %s", status, &out, &log)
	}
}

func TestTimingsAreWrittenOnceABuildHasBegun(t *testing.T) {
	for _, begun := range []bool{true, false} {
		p := &program{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, getenv: func(string) string { return "" }}
		file := filepath.Join(t.TempDir(), "t.html")
		o, err := (&buildFlags{progress: "plain", timings: file}).outcome(p)
		if err != nil {
			t.Fatal(err)
		}
		if begun {
			o.Event(platform.BuildStarted{Name: "app", Targets: platform.Targets(), Host: platform.Targets()[0], Builder: "some/builder"})
		}
		if err := o.end(errors.New("it does not work")); err == nil {
			t.Error("the build's error is lost")
		}
		page, err := os.ReadFile(file)
		if (err == nil) != begun {
			t.Errorf("the build has begun: %v, and its timeline: %v", begun, err)
		}
		for _, want := range []string{"No image: it does not work", "for linux/arm64 and linux/amd64", "on linux/arm64", "builder some/builder"} {
			if begun && !strings.Contains(string(page), want) {
				t.Errorf("%q is not in\n%s", want, page)
			}
		}
	}
}
