package npmstart

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestFoldersAreLinkedBesideTheFileThatWantsThem(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"public/a", "own/b", "out/own/c", "file", "blocked/d"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := start{dir: dir}
	if err := s.linkBeside(startup.Process{File: "out/server.js", Beside: []string{"none", "file", "own", "public"}}); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(dir + "/out/public"); err != nil || to != "../public" {
		t.Errorf("got a link to %s, %v", to, err)
	}
	for _, name := range []string{"none", "file"} {
		if _, err := os.Lstat(filepath.Join(dir, "out", name)); err == nil {
			t.Errorf("%s is linked, and is no folder", name)
		}
	}
	if info, err := os.Lstat(dir + "/out/own"); err != nil || !info.IsDir() {
		t.Errorf("what is there is replaced: %v, %v", info, err)
	}
	if err := s.linkBeside(startup.Process{File: "file/server.js", Beside: []string{"blocked"}}); err == nil || !strings.Contains(err.Error(), "making a folder for blocked") {
		t.Errorf("a file in place of a folder: got %v", err)
	}
}

func TestTheLogNamesWhatIsNoErrorOfTheBuild(t *testing.T) {
	var log bytes.Buffer
	s := start{workspace: "its 5% of code", app: startup.App{Passed: []string{"a is 1% of it"}, Notes: []string{"b is 99%"}}}
	s.describe(scribe.NewEmitter(&log), nil)
	want := "  Starting a workspace: its 5% of code\n    BP_NODE_PROJECT_PATH chooses another folder.\n\n  Passing over: a is 1% of it\n\n  WARNING: b is 99%\n\n"
	if log.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &log, want)
	}
}

func TestTheLabelOfThePortIsThereWhoeverSetsLabels(t *testing.T) {
	s := start{web: startup.Process{Type: "web", Port: "PORT", Listens: 3000}}
	for _, tc := range []struct {
		others buildplan.Group
		labels string
		want   map[string]string
	}{
		{nil, "", map[string]string{PortLabel: "3000"}},
		{nil, "a=b", map[string]string{PortLabel: "3000", "a": "b"}},
		{nil, PortLabel + "=1", map[string]string{PortLabel: "1"}},
		{buildplan.Group{buildplan.ImageLabels: true}, "a=b", map[string]string{PortLabel: "3000"}},
	} {
		got, err := s.given(environ.List{"BP_IMAGE_LABELS=" + tc.labels}, tc.others)
		if err != nil || !maps.Equal(got.labels, tc.want) {
			t.Errorf("%q: got %v, %v, want %v", tc.labels, got.labels, err, tc.want)
		}
	}
	if got, err := s.given(environ.List{"BP_IMAGE_LABELS='"}, nil); err == nil {
		t.Errorf("labels that cannot be read: got %v", got)
	}
	if got, err := (start{}).given(nil, buildplan.Group{buildplan.ImageLabels: true, buildplan.EnvironmentVariables: true}); err != nil || got.labels != nil || got.variables != nil {
		t.Errorf("nothing to give: got %v, %v", got, err)
	}
}
