//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

func TestEachProjectHasAName(t *testing.T) {
	for _, tc := range []struct {
		name, tag string
		items     []string
		want      []platform.Project
		usage     string // of the error
	}{
		{"the tag's, with the path's last part", "team/shop:1", []string{"apps/api", "./apps/Web/"}, []platform.Project{{Path: "apps/api", Image: "team/shop-api:1"}, {Path: "./apps/Web/", Image: "team/shop-web:1"}}, ""},
		{"a registry with a port, without a tag", "host:5000/shop", []string{"apps/api"}, []platform.Project{{Path: "apps/api", Image: "host:5000/shop-api"}}, ""},
		{"the root has the tag itself", "shop", []string{".", "web"}, []platform.Project{{Path: ".", Image: "shop"}, {Path: "web", Image: "shop-web"}}, ""},
		{"its own", "", []string{"apps/api=api:2", "web=team/web"}, []platform.Project{{Path: "apps/api", Image: "api:2"}, {Path: "web", Image: "team/web"}}, ""},
		{"both", "shop", []string{"api", "web=front"}, []platform.Project{{Path: "api", Image: "shop-api"}, {Path: "web", Image: "front"}}, ""},
		{"none", "", []string{"api"}, nil, "--project api=NAME[:TAG]"},
		{"an empty one", "shop", []string{"api="}, nil, "want PATH, or PATH=NAME[:TAG]"},
		{"no path", "shop", []string{"=api"}, nil, "want PATH, or PATH=NAME[:TAG]"},
		{"a tag for nothing", "shop", []string{"api=a1"}, nil, "--tag names no image"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readProjects(tc.items, tc.tag)
			if tc.usage != "" {
				var usage *usageError
				if !errors.As(err, &usage) || !strings.Contains(usage.Error(), tc.usage) {
					t.Errorf("got %v, want %q in it", err, tc.usage)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestTheStatusIsTheWorst(t *testing.T) {
	var (
		transient = &failure.Failure{ID: "later", Transient: true}
		bad       = &failure.Failure{ID: "bad"}
		internal  = errors.New("a fault")
	)
	for _, tc := range []struct {
		errs []error
		want int
	}{
		{[]error{nil, nil}, 0}, {[]error{nil, transient}, statusTransient}, {[]error{bad, transient, nil}, statusFailure},
		{[]error{transient, bad}, statusFailure}, {[]error{internal, bad}, statusInternal},
	} {
		var results []platform.ProjectResult
		for _, err := range tc.errs {
			results = append(results, platform.ProjectResult{Err: err})
		}
		if _, status := classify(worst(results)); status != tc.want {
			t.Errorf("%v: got status %d, want %d", tc.errs, status, tc.want)
		}
	}
}

func TestATableSaysWhatBecameOfEachProject(t *testing.T) {
	var out bytes.Buffer
	err := writeTable(&out, []platform.ProjectResult{
		{Project: platform.Project{Path: "apps/api", Image: "shop-api"}, Took: 1500 * time.Millisecond, Result: platform.Result{Written: platform.Written{Digest: "sha256:1", Images: []platform.TargetImage{{Size: 61_000_000}, {Size: 1_000_000}}}}},
		{Project: platform.Project{Path: "apps/web", Image: "shop-web"}, Err: &failure.Failure{ID: "lockfile-out-of-step"}},
		{Project: platform.Project{Path: "lib", Image: "shop-lib"}, Err: context.Canceled},
	})
	want := `
project   image     digest    size     time
apps/api  shop-api  sha256:1  62.0 MB  1.5 s
apps/web  shop-web  -         -        [lockfile-out-of-step]
lib       shop-lib  -         -        [interrupted]
`
	if err != nil || out.String() != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, &out, want)
	}
}

func TestProjectsThatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"outside", []string{"--tag", "shop", "--project", "../api"}, "[project-invalid] the project \"../api\" is not in the app's folder"},
		{"twice", []string{"--tag", "shop", "--project", "api", "--project", "./api=other"}, "[project-invalid] the projects api and api have the same path api"},
		{"one image", []string{"--tag", "shop", "--project", "apps/web", "--project", "libs/web"}, "[project-invalid] the projects apps/web and libs/web have the same image "},
		{"a setting for all", []string{"--tag", "shop", "--project", "api", "--env", "BP_NODE_PROJECT_PATH=web"}, "[project-invalid] BP_NODE_PROJECT_PATH is given"},
		{"a name that is none", []string{"--project", "api=Api"}, "[image-name]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, log, status := call(t, append([]string{"build", t.TempDir(), "--builder", t.TempDir(), "--cache-dir", t.TempDir()}, tc.args...)...)
			if status != statusFailure || out != "" || !strings.HasPrefix(log, tc.want) {
				t.Errorf("got status %d, %q, %q, want %q", status, out, log, tc.want)
			}
		})
	}
}

// Each project fails for itself, as an event with its name, and the call with the
// worst status.
func TestWhatBecomesOfAProjectIsAnEvent(t *testing.T) {
	timings := filepath.Join(t.TempDir(), "t.html")
	out, log, status := call(t, "build", t.TempDir(), "--tag", "shop", "--project", "apps/api", "--project", "apps/web", "--builder", t.TempDir(), "--output", "oci:/proc/image", "--cache-dir", t.TempDir(), "--progress", "json", "--timings", timings)
	ended := map[string]report.Line{}
	for text := range strings.Lines(log) {
		var line report.Line
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if line.Event == "project" {
			ended[line.Project] = line
		}
	}
	for _, project := range []string{"apps/api", "apps/web"} {
		if line := ended[project]; !line.Failed || line.ID != "output-unwritable" || !strings.Contains(line.Text, "To fix it") {
			t.Errorf("%s: got %+v\n%s", project, line, log)
		}
	}
	if status != statusFailure || out != "" || len(ended) != 2 {
		t.Errorf("got status %d, %q, %v", status, out, ended)
	}
	if page, err := os.ReadFile(timings); err != nil || !strings.Contains(string(page), "shop-web") || !strings.Contains(string(page), "No image: [") {
		t.Errorf("the timeline: got %s, %v", page, err)
	}
}

func TestPeopleSeeWhichProjectFails(t *testing.T) {
	for _, style := range [][]string{{"--progress", "plain"}, {"--progress", "terminal"}, {"--quiet"}} {
		_, log, _ := call(t, append([]string{"build", t.TempDir(), "--tag", "shop", "--project", "apps/api", "--builder", t.TempDir(), "--output", "oci:/proc/image", "--cache-dir", t.TempDir()}, style...)...)
		if !strings.Contains(log, "[apps/api]") || !strings.Contains(log, "To fix it") {
			t.Errorf("%v: got %q", style, log)
		}
	}
}
