package builds

import (
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

func TestPhasesSplitsBuildpacks(t *testing.T) {
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
