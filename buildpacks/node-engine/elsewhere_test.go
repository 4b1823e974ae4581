package nodeengine_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Other buildpacks look at build and launch in a layer's metadata.
func TestALayersMetadataSaysWhenItIsThere(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name          string
		build, launch bool
	}{{"node", false, true}, {"node-build", true, false}} {
		made := layer(t, result, tc.name)
		if made.Metadata["build"] != tc.build || made.Metadata["launch"] != tc.launch {
			t.Errorf("%s: got %v, want build %v, launch %v", tc.name, made.Metadata, tc.build, tc.launch)
		}
		if made.Build != tc.build || made.Launch != tc.launch {
			t.Errorf("%s: it is there during the build: %v, at launch: %v", tc.name, made.Build, made.Launch)
		}
	}
}

// An image extension installs Node.js where no entry of the plan is left for it.
func TestWithoutNodeInThePlanThereAreOnlyTheSettings(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_OPTIMIZE_MEMORY=true")
	f.level = "DEBUG"
	result, err := f.build(entry("npm", "launch"))
	if err != nil || len(result.Layers) != 1 {
		t.Fatalf("got %d layers, %v, want one", len(result.Layers), err)
	}
	made := result.Layers[0]
	if made.Name != "node" || made.Path != filepath.Join(f.layers, "node") || !made.Build || !made.Launch || made.Cache {
		t.Errorf("got %+v", made)
	}
	if want := map[string]any{"build": true, "launch": true}; !maps.Equal(made.Metadata, want) {
		t.Errorf("got the metadata %v, want %v", made.Metadata, want)
	}
	if want := []string{filepath.Join(f.buildpack, "bin", "linux-arm64", "node-options")}; !slices.Equal(made.ExecD, want) {
		t.Errorf("got the programs %q, want %q", made.ExecD, want)
	}
	shared := map[string]string{"NODE_HOME.default": "", "NODE_ENV.default": "production", "NODE_VERBOSE.default": "false", "NODE_OPTIONS.default": "--use-openssl-ca"}
	if !maps.Equal(made.SharedEnv, shared) {
		t.Errorf("got the environment %v, want %v", made.SharedEnv, shared)
	}
	if want := map[string]string{"OPTIMIZE_MEMORY.default": "true"}; !maps.Equal(made.LaunchEnv, want) {
		t.Errorf("got the environment at launch %v, want %v", made.LaunchEnv, want)
	}
	if log := f.log.String(); !strings.Contains(log, "Installing nothing: the plan wants no node, so an image extension provides it") || !strings.Contains(log, "OPTIMIZE_MEMORY") {
		t.Errorf("the log is\n%s", log)
	}
	if got := tree(t, f.layers); len(got) != 0 {
		t.Errorf("there is %q", got)
	}
}

// A plan that wants Node.js at no time gets none.
func TestAPlanThatWantsNodeAtNoTimeGetsNone(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(entry("node"))
	if err != nil || len(result.Layers) != 0 || !strings.Contains(f.log.String(), "Installing nothing: no entry of the plan wants Node.js") {
		t.Errorf("got %v, %v\n%s", result.Layers, err, &f.log)
	}
}

// Where nothing is made, the log says nothing of it.
func TestARebuildThatReusesEverythingInstallsNothing(t *testing.T) {
	f := newFixture(t)
	first, err := f.build(both())
	if err != nil || !strings.Contains(f.log.String(), "Installing Node.js") {
		t.Fatalf("got %v\n%s", err, &f.log)
	}
	f.restore(t, first)
	f.log.Reset()
	if _, err := f.build(both()); err != nil || strings.Contains(f.log.String(), "Installing Node.js") {
		t.Errorf("got %v\n%s", err, &f.log)
	}
}
