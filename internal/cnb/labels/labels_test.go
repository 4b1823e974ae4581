package labels_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/labels"
)

func TestLayerReadsWhatIsThere(t *testing.T) {
	of := labels.BuildpackLayers{Key: "a/b", Layers: map[string]json.RawMessage{"good": []byte(`{"sha":"x","data":{"k":true}}`), "text": []byte(`{"data":"k"}`), "bad": []byte("1")}}
	if layer, err := of.Layer("none"); layer != nil || err != nil {
		t.Errorf("got %v, %v", layer, err)
	}
	if layer, err := of.Layer("good"); err != nil || layer.Value("k") != true || layer.Value("other") != nil {
		t.Errorf("got %v, %v", layer, err)
	}
	if layer, err := of.Layer("text"); err != nil || layer.Value("k") != nil {
		t.Errorf("got %v, %v", layer, err)
	}
	if _, err := of.Layer("bad"); err == nil || !strings.Contains(err.Error(), "layer bad of a/b") {
		t.Errorf("got %v", err)
	}
}

func TestLayersOfTheAppAreAList(t *testing.T) {
	for _, tc := range []struct {
		label string
		want  []labels.Layer
		err   string
	}{
		{`{}`, nil, ""},
		{`{"app":null}`, nil, ""},
		{`{"app":[{"sha":"x"}]}`, []labels.Layer{{SHA: "x"}}, ""},
		{`{"app":{"sha":"x"}}`, nil, "layers of the app"},
	} {
		var m labels.LifecycleMetadata
		if err := labels.Parse(map[string]string{labels.Lifecycle: tc.label}, labels.Lifecycle, &m); err != nil {
			t.Fatal(err)
		}
		got, err := m.AppLayers()
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, %v", tc.label, got, err)
		}
	}
}

func TestABuildersRunImagesAreThoseOfItsStackToo(t *testing.T) {
	for label, want := range map[string]string{
		`{"images":[{"image":"a"}],"stack":{"runImage":{"image":"b"}}}`: "a",
		`{"stack":{"runImage":{"image":"b"}}}`:                          "b",
		`{}`:                                                            "",
	} {
		var m labels.BuilderMetadata
		if err := labels.Parse(map[string]string{labels.Builder: label}, labels.Builder, &m); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, image := range m.RunImages() {
			got += image.Image
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", label, got, want)
		}
	}
	err := labels.Parse(nil, labels.Builder, &labels.BuilderMetadata{})
	if err == nil || !strings.Contains(err.Error(), "reading the label "+labels.Builder) {
		t.Errorf("without the label: got %v", err)
	}
}
