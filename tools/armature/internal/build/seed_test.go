//go:build linux

package build

import (
	"encoding/json"
	"fmt"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// Of the image that a seed is made of, nothing stays but the layers of the
// buildpacks that bring Node.js, and what their metadata say of them.
func TestASeedHasTheLayersOfSomeBuildpacksOnly(t *testing.T) {
	made, err := random.Image(100, 3)
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
	config.Config.Labels = map[string]string{"other": "x", lifecycleLabel: fmt.Sprintf(
		`{"app":[{"sha":%q}],"sbom":{"sha":%q},"buildpacks":[{"key":"a/install","version":"1","layers":{"modules":{"sha":%[1]q,"launch":true}}},{"key":"a/engine","version":"2","layers":{"node":{"sha":%[3]q,"data":{"version":"24"},"launch":true}}}]}`,
		layers[0], layers[1], layers[2])}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	seed, err := onlyLayersOf(made, []string{"a_engine"})
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
	if len(got.RootFS.DiffIDs) != 1 || got.RootFS.DiffIDs[0] != layers[2] {
		t.Errorf("got the layers %v, want %v", got.RootFS.DiffIDs, layers[2:])
	}
	want := fmt.Sprintf(`{"buildpacks":[{"key":"a/engine","version":"2","layers":{"node":{"sha":%q,"data":{"version":"24"},"launch":true}}}]}`, layers[2])
	if label := got.Config.Labels[lifecycleLabel]; label != want || !json.Valid([]byte(label)) {
		t.Errorf("got the label %s, want %s", label, want)
	}
}

func TestASeedIsNotMadeOfALabelThatLies(t *testing.T) {
	for name, label := range map[string]string{
		"no JSON":                   `x`,
		"a layer that is not there": `{"buildpacks":[{"key":"a/engine","layers":{"node":{"sha":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}}]}`,
		"a layer without a digest":  `{"buildpacks":[{"key":"a/engine","layers":{"node":{"sha":"x"}}}]}`,
	} {
		made, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{lifecycleLabel: label}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := onlyLayersOf(made, []string{"a_engine"}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
