//go:build linux

package phases

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Of a seed's image only the launcher and the layers of buildpacks with Node.js
// stay, with their metadata.
func TestASeedHasTheLayersOfSomeBuildpacksOnly(t *testing.T) {
	made, err := random.Image(100, 4)
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "arm64"
	layers := config.RootFS.DiffIDs
	config.Config.Env = []string{"SECRET=x"}
	config.Config.Labels = map[string]string{"other": "x", labels.Lifecycle: fmt.Sprintf(
		`{"app":[{"sha":%q}],"sbom":{"sha":%q},"buildpacks":[{"key":"a/install","version":"1","layers":{"modules":{"sha":%[1]q,"launch":true}}},{"key":"a/engine","version":"2","layers":{"node":{"sha":%[3]q,"data":{"version":"24"},"launch":true}}}],"launcher":{"sha":%[4]q}}`,
		layers[0], layers[1], layers[2], layers[3])}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	metadata, kept, err := layersOf(made, func(name layerName, _ json.RawMessage) bool { return name == "a/engine@2:node" })
	if err != nil {
		t.Fatal(err)
	}
	without, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{labels.Lifecycle: "{}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if same, err := withLauncher(without, &metadata, kept); err != nil || len(same) != 1 || metadata.Launcher != nil {
		t.Errorf("from an image without a launcher: got %v, %v, want nothing new", same, err)
	}
	if kept, err = withLauncher(made, &metadata, kept); err != nil {
		t.Fatal(err)
	}
	seed, err := imageOf(targets.LinuxARM64, metadata, kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(seed); err != nil {
		t.Error(err)
	}
	got, err := seed.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got.OS != "linux" || got.Architecture != "arm64" || len(got.Config.Env) != 0 || len(got.Config.Labels) != 1 {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(got.RootFS.DiffIDs, layers[2:]) {
		t.Errorf("got the layers %v, want %v", got.RootFS.DiffIDs, layers[2:])
	}
	want := fmt.Sprintf(`{"buildpacks":[{"key":"a/engine","version":"2","layers":{"node":{"sha":%q,"data":{"version":"24"},"launch":true}}}],"launcher":{"sha":%q}}`, layers[2], layers[3])
	if label := got.Config.Labels[labels.Lifecycle]; label != want || !json.Valid([]byte(label)) {
		t.Errorf("got the label %s, want %s", label, want)
	}
}

func TestASeedIsNotMadeOfALabelThatLies(t *testing.T) {
	for name, label := range map[string]string{
		"no JSON":                   `x`,
		"a layer that is not there": `{"buildpacks":[{"key":"a/engine","layers":{"node":{"sha":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}}]}`,
		"a layer without a digest":  `{"buildpacks":[{"key":"a/engine","layers":{"node":{"sha":"x"}}}]}`,
	} {
		made, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{labels.Lifecycle: label}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := layersOf(made, func(layerName, json.RawMessage) bool { return true }); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// Every new option is either removed for a seed, or decided about here.
func TestASeedIsMadeWithNothingOfTheUsers(t *testing.T) {
	ofTheBuild := map[string]bool{"Target": true, "Host": true, "Builder": true, "RunImage": true, "Network": true, "Limits": true, "Small": true, "Home": true, "Way": true, "BuilderBy": true, "Registries": true}
	b := &Build{Options: Options{
		App: "app", AppOf: "of", Name: "name", CacheKey: "key", Target: targets.LinuxARM64, Host: targets.LinuxAMD64, Builder: "builder", RunImage: "run",
		Buildpacks: order.Request{Buildpacks: []order.Locator{{Name: "x"}}}, Env: map[string]string{"A": "b"}, Bindings: []string{"x"},
		Network: sandbox.None, Limits: sandbox.DefaultLimits(), ClearCache: false, Small: true, CacheImage: "cache", SBOMDir: "sbom", Filter: func(string) bool { return false },
		BuilderBy: "the app", Registries: images.Registries{Offline: true}, Labels: map[string]string{"a": "b"}, Created: "1",
		TellPlan: true, ExecEnv: execenv.Test,
		Rebase: empty.Image, Home: home.Home{Dir: "home"}, Way: sandbox.Chroot, Log: progress.New(nil), Getenv: func(string) string { return "secret" },
	}}
	made := b.forSeed("seed")
	was, is := reflect.ValueOf(b.Options), reflect.ValueOf(made)
	for i := range was.NumField() {
		field := was.Type().Field(i)
		if was.Field(i).IsZero() && field.Name != "ClearCache" && field.Name != "seeding" {
			t.Errorf("this test gives no %s", field.Name)
		}
		if !field.IsExported() {
			continue
		}
		same := reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface())
		if same != ofTheBuild[field.Name] {
			t.Errorf("%s is the user's build's: got %v, want %v", field.Name, same, ofTheBuild[field.Name])
		}
	}
	if !made.seeding || !made.ClearCache || made.Env != nil || made.Bindings != nil || made.Filter != nil || made.Rebase != nil || !made.Buildpacks.Empty() || made.Getenv("A") != "" {
		t.Errorf("got %+v", made)
	}
}

func TestOnlyWhatStaysIsRememberedOfASeed(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{&buildpackError{&failure.Failure{ID: "build-failed"}}, false},
		{fmt.Errorf("building: %w", &buildpackError{&failure.Failure{ID: "no-buildpack-applies"}}), false},
		{&buildpackError{&failure.Failure{ID: "npm-failed"}}, false},
		{&buildpackError{&failure.Failure{ID: "build-failed", Transient: true}}, true},
		{&buildpackError{&failure.Failure{ID: "disk-full"}}, true},
		{&failure.Failure{ID: "disk-full"}, true},
		{&failure.Failure{ID: "registry-unreachable", Transient: true}, true},
		{syscall.ENOSPC, true},
		{errors.New("the lifecycle ended with a signal"), true},
	} {
		if got := passes(tc.err); got != tc.want {
			t.Errorf("%v: got %v, want %v", tc.err, got, tc.want)
		}
	}
}
