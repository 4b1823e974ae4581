package buildlog_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/buildlog"
)

func TestParseExport(t *testing.T) {
	for line, want := range map[string]buildlog.Export{
		"Adding layer 'armature/node-engine:node'":            {Kind: buildlog.Layer, Name: "armature/node-engine:node"},
		"Reusing layer 'buildpacksio/lifecycle:launch.sbom'":  {Kind: buildlog.Layer, Name: "buildpacksio/lifecycle:launch.sbom", Reused: true},
		"Adding cache layer 'armature/npm-install:npm-cache'": {Kind: buildlog.CacheLayer, Name: "armature/npm-install:npm-cache"},
		"Reusing cache layer 'a/b:c'":                         {Kind: buildlog.CacheLayer, Name: "a/b:c", Reused: true},
		"Added 1/1 app layer(s)":                              {Kind: buildlog.AppLayers},
		"Reused 12/12 app layer(s)":                           {Kind: buildlog.AppLayers, Reused: true},
		"Saving app...":                                       {Kind: buildlog.Saving},
		"*** Images (sha256:1):":                              {Kind: buildlog.Images},
		"  Adding layer 'a/b:c'":                              {},
		"Adding layer 'a/b:c' at last":                        {},
		"Adding label 'io.buildpacks.lifecycle.metadata'":     {},
		"": {},
	} {
		if got := buildlog.ParseExport(line); got != want {
			t.Errorf("%q: got %+v, want %+v", line, got, want)
		}
	}
}

func TestParseStep(t *testing.T) {
	for line, want := range map[string]buildlog.Step{
		"  Installing Node.js 24.21.0":         {Kind: buildlog.Task, What: "Installing Node.js 24.21.0"},
		"  Assigning launch processes:":        {Kind: buildlog.Task, What: "Assigning launch processes"},
		"  WARNING: not a step":                {},
		"    Running 'npm ci --omit=dev'":      {Kind: buildlog.Command, What: "npm ci --omit=dev"},
		"    Checked 3 native files":           {Kind: buildlog.Part},
		"      Running 'of an app'":            {},
		"      Completed in 1m2.953s":          {Kind: buildlog.Completed},
		"      Completed in 12µs":              {Kind: buildlog.Completed},
		"      Completed in time":              {},
		"Armature Buildpack for Node.js 0.1.0": {},
		"":                                     {},
	} {
		if got := buildlog.ParseStep(line); got != want {
			t.Errorf("%q: got %+v, want %+v", line, got, want)
		}
	}
}

func TestPhase(t *testing.T) {
	if name, announced := buildlog.Phase("===> DETECTING"); name != "DETECTING" || !announced {
		t.Errorf("got %q, %v", name, announced)
	}
	if _, announced := buildlog.Phase(" ===> DETECTING"); announced {
		t.Error("an indented line announces nothing")
	}
}

func TestSplitEnd(t *testing.T) {
	for _, tc := range []struct {
		lines  []string
		before int
		status string // in the reason
	}{
		{nil, 0, ""},
		{[]string{"a", "ERROR: failed to build: exit status 1"}, 1, "exit status 1"},
		{[]string{"a", "ERROR: failed to detect: no buildpacks participating"}, 1, ""},
		{[]string{"ERROR: failed to build: exit status 1", "a"}, 2, ""},
	} {
		before, reason := buildlog.SplitEnd(tc.lines)
		if len(before) != tc.before || buildlog.BuildStatus(reason) != tc.status {
			t.Errorf("%q: got %q, %q", tc.lines, before, reason)
		}
	}
}

func TestFailure(t *testing.T) {
	for _, tc := range []struct {
		name, lines, want string // want is empty for none
	}{
		{"a cause, a remedy and its list", "x\n[a-b] c\nd\nTo fix it: e\n  f", "[a-b] c\nd\nTo fix it: e\n  f"},
		{"the last of two", "[a] b\nTo fix it: c\n[d] e\nTo fix it: f", "[d] e\nTo fix it: f"},
		{"without a remedy", "[a] b\nc", ""},
		{"something after it", "[a] b\nTo fix it: c\nd", ""},
		{"no id", "[A] b\nTo fix it: c", ""},
		{"an id without a cause", "[a] \nTo fix it: c", ""},
		{"nothing", "", ""},
	} {
		got := buildlog.Failure(strings.Split(tc.lines, "\n"))
		if got == nil && tc.want != "" || got != nil && got.Error() != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

func TestParseDetection(t *testing.T) {
	got := buildlog.ParseDetection(strings.Split(`======== Output: a/one@1 ========
no package.json
======== Error: a/one@1 ========
exit status 1
======== Error: a/two@1 ========
fork/exec: permission denied
======== Results ========
pass: a/zero@1
err:  a/two@1 (1)
fail: a/one@1
skip: a/three@1
something else`, "\n"))
	want := buildlog.Detection{
		Outputs: map[string][]string{"a/one@1": {"no package.json"}, "a/two@1": {"fork/exec: permission denied"}},
		Erred:   []string{"a/two@1"},
		Refused: []string{"a/one@1", "a/three@1"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
