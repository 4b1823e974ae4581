package contract_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/buildpacks/lifecycle/api"
	"github.com/buildpacks/lifecycle/buildpack"
	"github.com/buildpacks/lifecycle/cache"
	"github.com/buildpacks/lifecycle/launch"
	"github.com/buildpacks/lifecycle/platform"
	"github.com/buildpacks/lifecycle/platform/files"

	"github.com/armature-cnb/armature/internal/cnb/labels"
)

func TestLabelsAreCalledAsTheLifecycleCallsThem(t *testing.T) {
	for ours, theirs := range map[string]string{
		labels.Lifecycle: platform.LifecycleMetadataLabel,
		labels.Build:     platform.BuildMetadataLabel,
		labels.Project:   platform.ProjectMetadataLabel,
		labels.ExecEnv:   platform.ExecEnvLabel,
		labels.Rebasable: platform.RebasableLabel,
		labels.Cache:     cache.MetadataLabel,
	} {
		if ours != theirs {
			t.Errorf("got %s, want %s", ours, theirs)
		}
	}
}

// Labels are read as the lifecycle writes them.
func TestLabelsAreReadAsTheLifecycleWritesThem(t *testing.T) {
	layer := func(sha string) files.LayerMetadata { return files.LayerMetadata{SHA: sha} }
	bill := layer("sha256:sbom")
	of := buildpack.LayersMetadata{ID: "a/engine", Version: "1.2.3", Layers: map[string]buildpack.LayerMetadata{
		"node": {SHA: "sha256:node", LayerMetadataFile: buildpack.LayerMetadataFile{Data: map[string]any{"version": "24.0.0"}, Launch: true}},
		"all":  {SHA: "sha256:all", LayerMetadataFile: buildpack.LayerMetadataFile{Data: "text", Build: true, Cache: true}},
	}}
	var lifecycle labels.LifecycleMetadata
	reread(t, labels.Lifecycle, files.LayersMetadata{
		App: []files.LayerMetadata{layer("sha256:app1"), layer("sha256:app2")}, BOM: &bill, Buildpacks: []buildpack.LayersMetadata{of},
		Config: layer("sha256:config"), Launcher: layer("sha256:launcher"), ProcessTypes: layer("sha256:types"),
		RunImage: files.RunImageForRebase{TopLayer: "sha256:top", Reference: "host/run@sha256:1", RunImageForExport: files.RunImageForExport{Image: "host/run", Mirrors: []string{"other/run"}}},
	}, &lifecycle)
	app, err := lifecycle.AppLayers()
	if want := []labels.Layer{{SHA: "sha256:app1"}, {SHA: "sha256:app2"}}; err != nil || !reflect.DeepEqual(app, want) {
		t.Errorf("the app: got %+v, %v, want %+v", app, err, want)
	}
	for sha, layer := range map[string]*labels.Layer{"sha256:sbom": lifecycle.SBOM, "sha256:config": lifecycle.Config, "sha256:launcher": lifecycle.Launcher, "sha256:types": lifecycle.ProcessTypes} {
		if layer == nil || layer.SHA != sha {
			t.Errorf("got %+v, want %s", layer, sha)
		}
	}
	if want := (labels.RunImage{TopLayer: "sha256:top", Reference: "host/run@sha256:1", Image: "host/run", Mirrors: []string{"other/run"}}); !reflect.DeepEqual(lifecycle.RunImage, want) {
		t.Errorf("got %+v, want %+v", lifecycle.RunImage, want)
	}
	checkLayers(t, lifecycle)

	var cached labels.LifecycleMetadata
	reread(t, labels.Cache, platform.CacheMetadata{BOM: bill, Buildpacks: []buildpack.LayersMetadata{of}}, &cached)
	checkLayers(t, cached)

	var build labels.BuildMetadata
	reread(t, labels.Build, &files.BuildMetadata{
		Buildpacks:                  []buildpack.GroupElement{{ID: "a/engine", Version: "1.2.3"}},
		Processes:                   []launch.Process{{Type: "web", Command: launch.NewRawCommand([]string{"node"}).WithPlatformAPI(api.MustParse("0.15")), Args: []string{"server.js"}, Direct: true, BuildpackID: "a/start"}},
		BuildpackDefaultProcessType: "web",
	}, &build)
	if len(build.Buildpacks) != 1 || build.Buildpacks[0].ID != "a/engine" || build.Buildpacks[0].Version != "1.2.3" || build.DefaultProcess != "web" {
		t.Errorf("got %+v", build)
	}
	if want := []labels.Process{{Type: "web", Command: []string{"node"}, Args: []string{"server.js"}, Direct: true, Buildpack: "a/start"}}; !reflect.DeepEqual(build.Processes, want) {
		t.Errorf("got %+v, want %+v", build.Processes, want)
	}
}

func checkLayers(t *testing.T, metadata labels.LifecycleMetadata) {
	t.Helper()
	if len(metadata.Buildpacks) != 1 || metadata.Buildpacks[0].Key != "a/engine" || metadata.Buildpacks[0].Version != "1.2.3" || len(metadata.Buildpacks[0].Layers) != 2 {
		t.Fatalf("got %+v", metadata.Buildpacks)
	}
	for name, want := range map[string]labels.Layer{
		"node": {SHA: "sha256:node", Data: map[string]any{"version": "24.0.0"}, Launch: true},
		"all":  {SHA: "sha256:all", Data: "text", Build: true, Cache: true},
	} {
		got, err := metadata.Buildpacks[0].Layer(name)
		if err != nil || got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("layer %s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// reread writes a label as the lifecycle does and reads it.
func reread(t *testing.T, name string, theirs, into any) {
	t.Helper()
	text, err := json.Marshal(theirs)
	if err == nil {
		err = labels.Parse(map[string]string{name: string(text)}, name, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
