package builds

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

func TestPhasesTellsTheBuildpacks(t *testing.T) {
	got, err := phases(strings.NewReader(`{"event":"start","kind":"phase","what":"detecting"}
{"event":"output","what":"detecting","text":"Armature Buildpack for nobody 0.1.0"}
{"event":"end","kind":"phase","what":"detecting","seconds":0.25}
not an event
{"event":"start","kind":"phase","what":"building"}
{"event":"end","kind":"command","what":"npm ci","seconds":1}
{"event":"end","kind":"buildpack","what":"Armature Buildpack for Node.js 0.1.0","seconds":5}
{"event":"end","kind":"buildpack","what":"Armature Buildpack for npm install 0.1.0","seconds":3.5}
{"event":"end","kind":"phase","what":"building","seconds":9}
{"event":"end","kind":"layer","what":"layer x","seconds":1}
{"event":"end","kind":"phase","what":"exporting","seconds":4.5}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Part{
		{Name: "detecting", Value: 0.25}, {Name: "building: Node.js", Value: 5},
		{Name: "building: npm install", Value: 3.5}, {Name: "exporting", Value: 4.5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestPhasesKeepsPlatformsApart(t *testing.T) {
	got, err := phases(strings.NewReader(`{"event":"end","kind":"buildpack","platform":"linux/arm64","what":"Armature Buildpack for Node.js 0.1.0","seconds":2}
{"event":"end","kind":"phase","platform":"linux/amd64","what":"exporting","seconds":3}
{"event":"end","kind":"step","what":"writing the image","seconds":1}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Part{
		{Name: "linux/arm64 building: Node.js", Value: 2}, {Name: "linux/amd64 exporting", Value: 3}, {Name: "writing the image", Value: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestForgettingLeavesTheUnpackedBuilders(t *testing.T) {
	a := Armature{Homes: t.TempDir()}
	home, err := a.Home("cold")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Home("cold"); err != nil {
		t.Fatalf("a home that is there: %v", err)
	}
	for _, path := range []string{"roots/abc/bin/sh", "builds/1/cache/file", "layers/node"} {
		path = filepath.Join(home.Dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := home.Forget(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(home.Dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "roots" {
		t.Errorf("got %v, %v, want roots alone", entries, err)
	}
	other, err := a.Home("warm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(other.Dir, "roots/abc/bin/sh")); err != nil {
		t.Errorf("homes do not share builders: %v", err)
	}
}
