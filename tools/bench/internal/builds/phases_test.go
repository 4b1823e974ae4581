package builds

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// ticking is a clock that goes on by a second whenever it is asked.
func ticking() func() time.Time {
	at := time.Unix(0, 0)
	return func() time.Time { at = at.Add(time.Second); return at }
}

func TestPhasesTellsTheBuildpacks(t *testing.T) {
	got, err := phases(strings.NewReader(`{"event":"start","what":"detecting"}
{"event":"output","what":"detecting","text":"Armature Buildpack for nobody 0.1.0"}
{"event":"end","what":"detecting","seconds":0.25}
not an event
{"event":"start","what":"building"}
{"event":"output","what":"building","text":"Armature Buildpack for Node.js 0.1.0"}
{"event":"output","what":"building","text":"  Selected Node.js 24.21.0 (the default)"}
{"event":"output","what":"building","text":"Armature Buildpack for npm install 0.1.0"}
{"event":"end","what":"building","seconds":9}
{"event":"start","what":"exporting"}
{"event":"end","what":"exporting","seconds":4.5}
`), ticking())
	if err != nil {
		t.Fatal(err)
	}
	// The clock is asked at each of the four lines of building.
	want := []history.Part{
		{Name: "detecting", Value: 0.25}, {Name: "building: Node.js", Value: 2},
		{Name: "building: npm install", Value: 1}, {Name: "exporting", Value: 4.5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestPhasesKeepsPlatformsApart(t *testing.T) {
	got, err := phases(strings.NewReader(`{"event":"output","platform":"linux/arm64","what":"building","text":"Armature Buildpack for Node.js 0.1.0"}
{"event":"output","platform":"linux/amd64","what":"building","text":"Armature Buildpack for Node.js 0.1.0"}
{"event":"end","platform":"linux/arm64","what":"building","seconds":9}
{"event":"end","platform":"linux/amd64","what":"building","seconds":9}
{"event":"end","what":"writing the image","seconds":1}
`), ticking())
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Part{
		{Name: "linux/arm64 building: Node.js", Value: 2}, {Name: "linux/amd64 building: Node.js", Value: 2}, {Name: "writing the image", Value: 1},
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
