package nodeengine_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestBuildMakesOneLayerForTheTargetAndOneForTheHost(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both(), entry("npm", "build"))
	if err != nil {
		t.Fatal(err)
	}
	if got := layerNames(result); !slices.Equal(got, []string{"node", "node-build"}) {
		t.Fatalf("got %v", got)
	}

	launch := layer(t, result, "node")
	if !launch.Launch || launch.Build || launch.Cache {
		t.Errorf("node: got launch %v, build %v, cache %v", launch.Launch, launch.Build, launch.Cache)
	}
	if got := tree(t, launch.Path); !slices.Equal(got, []string{"LICENSE", "bin/node"}) {
		t.Errorf("node: got %q", got)
	}
	if got := read(t, launch.Path, "bin/node"); got != "node 24.1.0 for linux/arm64" {
		t.Errorf("node: got %s", got)
	}
	helpers := filepath.Join(f.buildpack, "bin/linux-arm64")
	if want := []string{helpers + "/node-options"}; !slices.Equal(launch.ExecD, want) {
		t.Errorf("node: got the helpers %q, want %q", launch.ExecD, want)
	}

	build := layer(t, result, "node-build")
	if build.Launch || !build.Build || !build.Cache {
		t.Errorf("node-build: got launch %v, build %v, cache %v", build.Launch, build.Build, build.Cache)
	}
	want := []string{
		"LICENSE", "bin/node",
		"bin/npm -> ../lib/node_modules/npm/bin/npm-cli.js", "bin/npx -> ../lib/node_modules/npm/bin/npx-cli.js",
		"include/node/node.h", "include/node/openssl/archs/linux-aarch64/x.h", "lib/node_modules/npm/bin/npm-cli.js", "lib/node_modules/npm/bin/npx-cli.js",
	}
	if got := tree(t, build.Path); !slices.Equal(got, want) {
		t.Errorf("node-build: got %q, want %q", got, want)
	}
	if got := read(t, build.Path, "bin/node"); got != "node 24.1.0 for linux/amd64" {
		t.Errorf("node-build: got %s", got)
	}
	for name, mode := range map[string]os.FileMode{"bin/node": 0o755, "LICENSE": 0o644, "bin/npm": 0o755, ".": 0o755} {
		info, err := os.Stat(filepath.Join(build.Path, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: got %v, %v, want %o", name, info.Mode(), err, mode)
		}
	}
	if got := tree(t, f.layers); len(got) != 10 {
		t.Errorf("there is more than the layers: %q", got)
	}
}

// Others look for the archive's digest in the layer's metadata.
func TestALayersMetadataHasTheArchivesDigest(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"node", "node-build"} {
		metadata := layer(t, result, name).Metadata
		checksums, _ := metadata["checksums"].(string)
		if first, _, more := strings.Cut(checksums, " "); metadata["dependency-sha"] != first || !more {
			t.Errorf("%s: got %v, want the first of %q", name, metadata["dependency-sha"], checksums)
		}
	}
}

func TestBuildOfTheProgramIsThisHosts(t *testing.T) {
	f := newFixture(t)
	env := environ.List{"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64", "BP_NODE_OPTIMIZE_MEMORY=perhaps"}
	_, err := nodeengine.Build(env, scribe.NewEmitter(&f.log))(packit.BuildContext{
		BuildpackInfo: packit.BuildpackInfo{Version: f.version}, CNBPath: f.buildpack, WorkingDir: f.app, Layers: packit.Layers{Path: f.layers}, Platform: packit.Platform{Path: f.platform}, Plan: packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{both()}},
	})
	if !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("got %v", err)
	}
}

func TestBuildSetsTheEnvironment(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		layer string
		env   packit.Environment
	}{
		{"node", layer(t, result, "node").LaunchEnv},
		{"node-build", layer(t, result, "node-build").BuildEnv},
	} {
		want := packit.Environment{
			"NODE_HOME.default":    filepath.Join(f.layers, tc.layer),
			"NODE_ENV.default":     "production",
			"NODE_VERBOSE.default": "false",
			"NODE_OPTIONS.default": "--use-openssl-ca",
		}
		if len(tc.env) != len(want) {
			t.Errorf("%s: got %v", tc.layer, tc.env)
		}
		for name, value := range want {
			if tc.env[name] != value {
				t.Errorf("%s: %s is %q, want %q", tc.layer, name, tc.env[name], value)
			}
		}
	}
}

// The layer of Node.js is the same in all execution environments.
func TestBuildSetsNodeEnvOfTheExecutionEnvironment(t *testing.T) {
	for execEnv, want := range map[string]string{"": "", "production": "", "test": "test", "development": "development"} {
		f := newFixture(t)
		f.set("CNB_EXEC_ENV=" + execEnv)
		result, err := f.build(both())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"node", "node-build"} {
			one := layer(t, result, name)
			if got := one.LaunchEnv["NODE_ENV.default"] + one.BuildEnv["NODE_ENV.default"]; got != "production" {
				t.Errorf("%q: the layer %s has %q", execEnv, name, got)
			}
		}
		at := slices.IndexFunc(result.Layers, func(one packit.Layer) bool { return one.Name == "environment" })
		switch {
		case at < 0 && want != "", at >= 0 && want == "":
			t.Errorf("%q: got layers %v", execEnv, result.Layers)
		case at >= 0:
			one := result.Layers[at]
			if !one.Launch || one.Build || one.Cache || len(one.LaunchEnv) != 1 || one.LaunchEnv["NODE_ENV.default"] != want || one.Name > "node" {
				t.Errorf("%q: got %+v", execEnv, one)
			}
		}
	}
	f := newFixture(t)
	f.set("CNB_EXEC_ENV=staging")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("got %v", err)
	}
}

func TestBuildSizesTheHeapWhenAsked(t *testing.T) {
	for value, want := range map[string]struct{ asked, itself string }{"true": {"true", ""}, "1": {"true", ""}, "false": {"", "false"}, "0": {"", "false"}, "": {"", ""}} {
		f := newFixture(t)
		f.set("BP_NODE_OPTIMIZE_MEMORY=" + value)
		result, err := f.build(both())
		if err != nil {
			t.Fatal(err)
		}
		env := layer(t, result, "node").LaunchEnv
		if got := env["OPTIMIZE_MEMORY.default"]; got != want.asked {
			t.Errorf("%q: OPTIMIZE_MEMORY: got %q, want %q", value, got, want.asked)
		}
		if got := env["BPL_NODE_OPTIMIZE_MEMORY.default"]; got != want.itself {
			t.Errorf("%q: BPL_NODE_OPTIMIZE_MEMORY: got %q, want %q", value, got, want.itself)
		}
	}
	f := newFixture(t)
	f.set("BP_NODE_OPTIMIZE_MEMORY=yes")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("yes: got %v", err)
	}
}

func TestBuildMakesOnlyTheLayersThatAreWanted(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    []string
	}{
		{name: "at launch", entries: []packit.BuildpackPlanEntry{entry("node", "launch")}, want: []string{"node"}},
		{name: "during the build", entries: []packit.BuildpackPlanEntry{entry("node", "build")}, want: []string{"node-build"}},
		{name: "npm during the build", entries: []packit.BuildpackPlanEntry{entry("node"), entry("npm", "build")}, want: []string{"node-build"}},
		{name: "one entry each", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), entry("node", "build")}, want: []string{"node", "node-build"}},
		{name: "never", entries: []packit.BuildpackPlanEntry{entry("node", "version=24")}},
		{name: "something else first", entries: []packit.BuildpackPlanEntry{entry("python", "build"), entry("node", "launch")}, want: []string{"node"}},
		{name: "something else", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), entry("python", "build")}, want: []string{"node"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result, err := newFixture(t).build(tc.entries...)
			if err != nil {
				t.Fatal(err)
			}
			if got := layerNames(result); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBuildPutsNPMIntoTheAppImageOnlyWhenAnEntryWantsIt(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both(), entry("npm", "build", "launch", "version-source=start script"))
	if err != nil {
		t.Fatal(err)
	}
	path := layer(t, result, "node").Path
	if got := tree(t, path); !slices.Contains(got, "bin/npm -> ../lib/node_modules/npm/bin/npm-cli.js") || slices.Contains(got, "include/node/node.h") {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(f.log.String(), "npm is there because an entry of the plan wants it at launch (start script)") {
		t.Errorf("the log does not say why:\n%s", f.log.String())
	}
}
