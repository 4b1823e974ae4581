//go:build linux

package inspect_test

import (
	"archive/tar"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/inspect"
)

func layer(t *testing.T, path, content string) (v1.Layer, string) {
	t.Helper()
	l, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), []oci.File{{Path: path, Type: tar.TypeReg, Mode: 0o644, Content: []byte(content)}})
	if err != nil {
		t.Fatal(err)
	}
	diff, err := l.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	return l, diff.String()
}

func TestReadNamesTheOwnerOfEveryLayer(t *testing.T) {
	base, baseID := layer(t, "etc/os", "x")
	node, nodeID := layer(t, "layers/node", "x")
	bill, billID := layer(t, "layers/sbom/launch/armature_node-engine/node/sbom.cdx.json", `{"components":[{},{}]}`)
	short, _ := layer(t, "a/sbom.cdx.json", `{}`) // with an owner that is not in the label
	image, err := mutate.AppendLayers(empty.Image, base, node, bill, short)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "arm64"
	config.Config.Labels = map[string]string{
		"io.buildpacks.lifecycle.metadata": fmt.Sprintf(`{"sbom":{"sha":%q},"buildpacks":[{"key":"armature/node-engine","layers":{"node":{"sha":%q,"data":{"version":"24.1.0"}}}}],"runImage":{"topLayer":%q,"reference":"r@sha256:x"}}`, billID, nodeID, baseID),
		"io.buildpacks.build.metadata":     `{"buildpack-default-process-type":"web","processes":[{"type":"web","command":["node"],"args":["server.js"]}]}`,
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	got, err := inspect.Read(image)
	if err != nil {
		t.Fatal(err)
	}
	if got.Platform != "linux/arm64" || got.Node != "24.1.0" || got.RunImage != "r@sha256:x" {
		t.Errorf("got %+v", got)
	}
	for i, want := range []string{"run image", "armature/node-engine:node", "bills of materials", "unknown"} {
		if got.Layers[i].Owner != want {
			t.Errorf("layer %d: got %q, want %q", i, got.Layers[i].Owner, want)
		}
	}
	if len(got.SBOM) != 1 || got.SBOM[0] != (inspect.SBOM{Owner: "armature_node-engine/node", Components: 2}) {
		t.Errorf("got %+v", got.SBOM)
	}
	if p := got.Processes; len(p) != 1 || !p[0].Default || fmt.Sprint(p[0].Command) != "[node server.js]" {
		t.Errorf("got %+v", p)
	}
}

func TestAnImageThatNoLifecycleMadeIsTold(t *testing.T) {
	if _, err := inspect.Read(empty.Image); !errors.Is(err, &failure.Failure{ID: "not-of-buildpacks"}) {
		t.Errorf("got %v", err)
	}
}

// Of two invalid labels the error always names the same.
func TestTheErrorIsTheSameEveryTime(t *testing.T) {
	image, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{"io.buildpacks.lifecycle.metadata": "{", "io.buildpacks.build.metadata": "{"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		_, err := inspect.Read(image)
		if !errors.Is(err, &failure.Failure{ID: "not-of-buildpacks"}) || !strings.Contains(err.Error(), "io.buildpacks.lifecycle.metadata") {
			t.Fatalf("got %v", err)
		}
	}
}
