package nodeengine_test

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

// described returns a layer's bill of materials in one format.
func described(t *testing.T, layer packit.Layer, extension string) string {
	t.Helper()
	if layer.SBOM == nil {
		t.Fatalf("%s has none", layer.Name)
	}
	for _, format := range layer.SBOM.Formats() {
		if format.Extension == extension {
			text, err := io.ReadAll(format.Content)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatalf("%s has none in the format %s", layer.Name, extension)
	return ""
}

func TestBuildDescribesTheLayers(t *testing.T) {
	f := newFixture(t)
	first, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, extension := range []string{"cdx.json", "spdx.json", "syft.json"} {
		node := described(t, layer(t, first, "node"), extension)
		if !strings.Contains(node, `"24.1.0"`) || strings.Contains(node, "pkg:npm/npm@") {
			t.Errorf("node, %s: got %s", extension, node)
		}
		if build := described(t, layer(t, first, "node-build"), extension); !strings.Contains(build, "pkg:npm/npm@11.0.0") {
			t.Errorf("node-build, %s: got %s", extension, build)
		}
	}
	node := layer(t, first, "node")
	sum := sha512.Sum512(f.files["/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"])
	if text := described(t, node, "cdx.json"); !strings.Contains(text, hex.EncodeToString(sum[:])) {
		t.Errorf("the checksum of the archive, %x, is not in %s", sum, text)
	}
	before := described(t, layer(t, first, "node"), "cdx.json")
	f.restore(t, first)
	second, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if after := described(t, layer(t, second, "node"), "cdx.json"); after != before {
		t.Errorf("the reused layer's is another one: %s", after)
	}
}

func TestBillsOfMaterialsCanBeSwitchedOff(t *testing.T) {
	f := newFixture(t)
	f.set("BP_DISABLE_SBOM=true")
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range result.Layers {
		if layer.SBOM != nil {
			t.Errorf("%s has one", layer.Name)
		}
	}
	f.set("BP_DISABLE_SBOM=maybe")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("got %v", err)
	}
}

func TestBuildSaysWhichLayerItCannotDescribe(t *testing.T) {
	f := newFixture(t)
	text := read(t, f.buildpack, "buildpack.toml")
	f.write(t, f.buildpack, "buildpack.toml", strings.ReplaceAll(text, "licenses =", "purl = \"nowhere\"\nlicenses ="))
	if _, err := f.build(both()); err == nil || !strings.Contains(err.Error(), "describing the layer node: ") {
		t.Errorf("got %v", err)
	}
}
