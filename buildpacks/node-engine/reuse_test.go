package nodeengine_test

import (
	"crypto/sha512"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func digest(content []byte) string {
	sum := sha512.Sum512(content)
	return "sha512:" + hex.EncodeToString(sum[:])
}

// replaceChecksum updates a pin after the server's content has changed.
func replaceChecksum(t *testing.T, f *fixture, before []byte, sum string) {
	t.Helper()
	text := read(t, f.buildpack, "buildpack.toml")
	changed := strings.ReplaceAll(text, digest(before), sum)
	if changed == text {
		t.Fatal("the checksum is not in buildpack.toml")
	}
	f.write(t, f.buildpack, "buildpack.toml", changed)
}

// restore keeps what the lifecycle restores for the next build: the metadata of
// launch layers, and complete cached layers.
func (f *fixture) restore(t *testing.T, result packit.BuildResult) {
	t.Helper()
	for _, layer := range result.Layers {
		if !layer.Cache {
			if err := os.RemoveAll(layer.Path); err != nil {
				t.Fatal(err)
			}
		}
		if !layer.Cache && !layer.Launch {
			continue
		}
		var text strings.Builder
		if err := toml.NewEncoder(&text).Encode(map[string]any{"metadata": layer.Metadata}); err != nil {
			t.Fatal(err)
		}
		f.write(t, f.layers, layer.Name+".toml", text.String())
	}
	f.asked = nil
}

func TestRebuildReusesBothLayers(t *testing.T) {
	f := newFixture(t)
	first, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	f.restore(t, first)
	second, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 0 {
		t.Errorf("it asked for %v", f.asked)
	}
	launch := layer(t, second, "node")
	if !launch.Launch || len(launch.LaunchEnv) != 0 || len(launch.ExecD) != 0 {
		t.Errorf("node: got %+v, want launch, and nothing to write", launch)
	}
	if _, err := os.Stat(launch.Path); err == nil {
		t.Error("node: there is content, which the lifecycle would take for the layer's")
	}
	build := layer(t, second, "node-build")
	if !build.Build || !build.Cache || build.BuildEnv["NODE_ENV.default"] != "production" {
		t.Errorf("node-build: got %+v", build)
	}
	for _, name := range []string{"node", "node-build"} {
		if got, want := layer(t, second, name).Metadata, layer(t, first, name).Metadata; len(got) != len(want) {
			t.Errorf("%s: got the metadata %v, want %v", name, got, want)
		}
	}
}

func TestRebuildRemakesChangedLayers(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, f *fixture)
		plan   []packit.BuildpackPlanEntry
		want   []string // layers that are made again
	}{
		{name: "the version", plan: []packit.BuildpackPlanEntry{entry("node", "build", "launch", "version=22")}, want: []string{"node", "node-build"}},
		{name: "npm at launch", plan: []packit.BuildpackPlanEntry{both(), entry("npm", "launch")}, want: []string{"node"}},
		{name: "the buildpack", change: func(t *testing.T, f *fixture) { f.version = "1.2.4" }, want: []string{"node", "node-build"}},
		{name: "the target", change: func(t *testing.T, f *fixture) { f.set("CNB_TARGET_ARCH=amd64") }, want: []string{"node"}},
		{name: "the host", change: func(t *testing.T, f *fixture) { f.host = targets.LinuxARM64 }, want: []string{"node-build"}},
		{name: "a helper", change: func(t *testing.T, f *fixture) { f.write(t, f.buildpack, "bin/linux-arm64/node-options", "new") }, want: []string{"node"}},
		{name: "the registry of last resort", change: func(t *testing.T, f *fixture) { f.set("BP_NPM_REGISTRY=https://new.example/") }, want: []string{"node-build"}},
		{name: "the option for the heap", change: func(t *testing.T, f *fixture) { f.set("BP_NODE_OPTIMIZE_MEMORY=true") }, want: []string{"node"}},
		{name: "the option for the heap, switched off", change: func(t *testing.T, f *fixture) { f.set("BP_NODE_OPTIMIZE_MEMORY=false") }, want: []string{"node"}},
		{
			name: "the pin of the target's archive", want: []string{"node"},
			change: func(t *testing.T, f *fixture) {
				const path = "/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"
				before := f.files[path]
				replaceChecksum(t, f, before, f.put(t, path, "node/bin/node=node", "node/LICENSE=new"))
			},
		},
		{
			name: "the content of the cache", want: []string{"node-build"},
			change: func(t *testing.T, f *fixture) {
				if err := os.Remove(filepath.Join(f.layers, "node-build/bin/node")); err != nil {
					t.Fatal(err)
				}
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			plan := []packit.BuildpackPlanEntry{entry("node", "build", "launch", "version=24.1.0")}
			first, err := f.build(plan...)
			if err != nil {
				t.Fatal(err)
			}
			f.restore(t, first)
			f.log.Reset()
			if tc.change != nil {
				tc.change(t, f)
			}
			if tc.plan != nil {
				plan = tc.plan
			}
			second, err := f.build(plan...)
			if err != nil {
				t.Fatal(err)
			}
			var made []string
			for _, layer := range second.Layers {
				if !strings.Contains(f.log.String(), "Reusing layer "+layer.Name+":") {
					made = append(made, layer.Name)
				}
			}
			if !slices.Equal(slices.Sorted(slices.Values(made)), tc.want) {
				t.Errorf("made anew: got %v, want %v\n%s", made, tc.want, f.log.String())
			}
		})
	}
}
