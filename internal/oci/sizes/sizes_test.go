package sizes_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/oci/sizes"
)

func layer(t *testing.T, bytes int) v1.Layer {
	t.Helper()
	one, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), []oci.File{{Path: "file", Type: '0', Mode: 0o644, Content: make([]byte, bytes)}})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

func TestOfMeasuresBothSizesAndNamesOwners(t *testing.T) {
	first, second := layer(t, 100_000), layer(t, 300_000)
	image, err := mutate.AppendLayers(empty.Image, first, second)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := first.Digest()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := sizes.Of(image, map[string]string{digest.String(): "run image"})
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 2 || layers[0].Owner != "run image" || !strings.HasPrefix(layers[1].Owner, "sha256:") {
		t.Fatalf("got %+v", layers)
	}
	for i, content := range []int64{100_000, 300_000} {
		if got := layers[i]; got.Uncompressed < content || got.Uncompressed > content+5_000 || got.Compressed > 5_000 || got.Compressed == 0 {
			t.Errorf("layer %d: got %+v, want a tar of %d zeros", i, got, content)
		}
	}
	if got := sizes.Total(layers).Uncompressed; got != layers[0].Uncompressed+layers[1].Uncompressed {
		t.Errorf("total: got %d", got)
	}
}

func TestLayersOfOneOwnerCountAsOne(t *testing.T) {
	entry := sizes.Image("app", []sizes.Layer{{"app", 1, 2}, {"node", 10, 20}, {"app", 100, 200}})
	want := sizes.Entry{What: "app", Compressed: 111, Uncompressed: 222, Layers: []sizes.Layer{{"app", 101, 202}, {"node", 10, 20}}}
	if !reflect.DeepEqual(entry, want) {
		t.Errorf("got %+v\nwant %+v", entry, want)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sizes.json")
	want := []sizes.Entry{sizes.Image("app", []sizes.Layer{{"node", 10, 20}}), {What: "program", Uncompressed: 5}}
	if err := sizes.Write(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := sizes.Read(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestCompare(t *testing.T) {
	file := func(bytes int64) []sizes.Entry { return []sizes.Entry{{What: "program", Uncompressed: bytes}} }
	image := func(bytes int64) []sizes.Entry {
		return []sizes.Entry{{What: "app", Compressed: 60_000_000, Uncompressed: 100_000_000, Layers: []sizes.Layer{{"modules", bytes, 2_000_000}}}}
	}
	for _, c := range []struct {
		what          string
		before, after []sizes.Entry
		want          string // in the only line; "" for none
	}{
		{"3 % more is allowed", file(1_000_000), file(1_030_000), ""},
		{"more than that is not", file(1_000_000), file(1_030_001), "program, uncompressed: got 1030001 bytes, want 1000000 within 3 %: it is +3.0 %"},
		{"nor is as much less", file(1_000_000), file(960_000), "it is -4.0 %"},
		{"small things may change", file(5_000), file(14_000), ""},
		{"a layer, while the whole is as large as ever", image(1_000_000), image(1_100_000), "app, layer modules, compressed: got 1100000"},
		{"something new", nil, file(20_000), "program, uncompressed: got 20000 bytes, and no record of it"},
		{"something gone", file(20_000), nil, "program, uncompressed: got none, want 20000 bytes"},
	} {
		got := sizes.Compare(c.before, c.after)
		switch {
		case c.want == "" && len(got) > 0:
			t.Errorf("%s: got %q", c.what, got)
		case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
			t.Errorf("%s: got %q\nwant one line with %q", c.what, got, c.want)
		}
	}
}
