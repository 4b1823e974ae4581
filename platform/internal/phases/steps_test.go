//go:build linux

package phases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// printed is the output of a real build.
var printed = strings.ReplaceAll(`===> ANALYZING
Image with name "app" not found
===> BUILDING
Armature Buildpack for Node.js 0.1.0
  Choosing the Node.js version
    Selected Node.js 24.21.0 (the default)
  WARNING: not a step
  Installing Node.js 24.21.0
    Downloading https://registry.example/node.tgz
\x1e{"kind":"download","what":"node.tgz","seconds":0.0001,"bytes":7}
    Layer node: node for linux/arm64, from the npm registry
      Completed in 4.981s
Armature Buildpack for npm install 0.1.0
  Executing launch build environment install process
    Running 'npm ci --omit=dev'
      Running 'of an app'
      added 71 packages in 3s
      Completed in 1m2.953s

    Checked 3 native files
  Assigning launch processes:
===> EXPORTING
Adding layer 'armature/node-engine:node'
Reusing layer 'armature/npm-start:environment'
Added 1/1 app layer(s)
Saving app...
*** Images (sha256:1):
      app
Reusing cache layer 'armature/npm-install:npm-cache'
Adding cache layer 'armature/npm-install:npm-cache'
`, `\x1e`, "\x1e")

// wanted are its spans, indented below their parents.
const wanted = `phase analyzing
phase building
  buildpack Armature Buildpack for Node.js 0.1.0
    task Choosing the Node.js version
    task Installing Node.js 24.21.0
      download node.tgz 7 bytes
  buildpack Armature Buildpack for npm install 0.1.0
    task Executing launch build environment install process
      command npm ci --omit=dev
    task Assigning launch processes
phase exporting
  layer layer armature/node-engine:node
  layer layer armature/npm-start:environment, reused
  layer layers of the app
  task compressing and uploading layers
    upload app 5 bytes
    upload sha256:0000000000000000000000000000000000000000000000000000000000000002, reused
  cache cache layer armature/npm-install:npm-cache, reused
  cache cache layer armature/npm-install:npm-cache
  cache writing the cache
`

func outline(spans []progress.Span, parent int, indent string) string {
	var out strings.Builder
	for _, s := range spans {
		if s.Parent != parent {
			continue
		}
		fmt.Fprintf(&out, "%s%s %s", indent, s.Kind, s.What)
		if s.Bytes > 0 {
			fmt.Fprintf(&out, " %d bytes", s.Bytes)
		}
		if s.Reused {
			out.WriteString(", reused")
		}
		if s.Failed {
			out.WriteString(", failed")
		}
		out.WriteString("\n" + outline(spans, s.ID, indent+"  "))
	}
	return out.String()
}

var armatures = map[string]bool{"Armature Buildpack for Node.js 0.1.0": true, "Armature Buildpack for npm install 0.1.0": true}

func TestWhatIsPrintedBecomesSpans(t *testing.T) {
	var told progresstest.Recorder
	log := progress.New(told.Event)
	w := newWatcher(log, "app", armatures)
	stdout := w.stream()
	for line := range strings.Lines(printed) {
		time.Sleep(time.Millisecond) // so that spans are in order
		stdout.Write([]byte(line))
	}
	w.end(false)
	one, two := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 63) + "1"}, v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 63) + "2"}
	saved := w.steps.saved
	w.steps.recordTransfers([]loopback.Transfer{
		{Digest: one, Bytes: 5, Begin: saved, End: saved.Add(time.Microsecond)},
		{Digest: two, Reused: true, Begin: saved.Add(time.Microsecond), End: saved.Add(time.Microsecond)},
		{Digest: two, Reused: true, Begin: saved.Add(-time.Second), End: saved.Add(-time.Second)}, // the analyzer's
	}, map[v1.Hash]string{one: "app"})
	if strings.Contains(told.String(), "\x1e") || !strings.Contains(told.String(), "Layer node: ") {
		t.Errorf("people see\n%s", &told)
	}
	if got := outline(told.Spans(), 0, ""); got != wanted {
		t.Errorf("got\n%s\nwant\n%s", got, wanted)
	}
	for _, one := range told.Spans() {
		for _, next := range told.Spans() {
			if one.Parent == next.Parent && one.Kind == progress.Task && next.Kind == progress.Task && one.Begin < next.Begin && one.End > next.Begin {
				t.Errorf("%s ends after %s began", one.What, next.What)
			}
		}
	}
}

func TestABuildThatFailsLeavesFailedSpans(t *testing.T) {
	var told progresstest.Recorder
	log := progress.New(told.Event)
	w := newWatcher(log, "app", armatures)
	until, _, _ := strings.Cut(printed, "      added")
	w.stream().Write([]byte(until))
	w.end(true)
	got := outline(told.Spans(), 0, "")
	for _, want := range []string{"phase building, failed\n", "install 0.1.0, failed\n", "process, failed\n", "omit=dev, failed\n", "Node.js 0.1.0\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestTitlesAreThoseOfTheBuildersBuildpacks(t *testing.T) {
	label := func(text string) v1.Image {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{labels.Buildpacks: text}}})
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	got := titles(label(`{"a/b":{"1.0.0":{"api":"0.10","name":"A B"},"2.0.0":{}}}`))
	if !got["A B 1.0.0"] || !got["a/b 2.0.0"] || got["a/b 1.0.0"] || got["A B 2.0.0"] {
		t.Errorf("got %v", got)
	}
	if got := titles(label(`{`)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// What the lifecycle prints while it lists the images is no longer uploading.
func TestUploadingEndsWithTheListOfImages(t *testing.T) {
	var told progresstest.Recorder
	w := newWatcher(progress.New(told.Event), "app", nil)
	for _, line := range []string{"===> EXPORTING", "Saving app...", "*** Images (sha256:1):"} {
		w.line(line)
	}
	if got := outline(told.Spans(), 1, ""); !strings.Contains(got, "compressing and uploading layers") {
		t.Errorf("got the spans that have ended\n%s\nwant uploading among them", got)
	}
	w.end(false)
}

func TestLinesOfBuildpacksBecomeSpansOfWhateverIsOpen(t *testing.T) {
	var told progresstest.Recorder
	w := newWatcher(progress.New(told.Event), "app", map[string]bool{"A B 1": true})
	span := func(kind string) string {
		return "\x1e" + `{"kind":"` + kind + `","what":"` + kind + `","seconds":0.001}`
	}
	if _, ok := spans.Parse(span("download")); !ok {
		t.Fatal("this is no span")
	}
	for _, line := range []string{
		"===> BUILDING", span("download"), "A B 1", span("download"), span("command"), span("task"), "    Running 'one'", "    Another part", "  Step:", "    Running 'two'", "    Running 'three'",
		"      Completed in 1s", "      Completed in 2s", "    Running 'four'", "===> EXPORTING", "Adding cache layer 'a:b'", "", "done",
	} {
		w.line(line)
	}
	w.end(false)
	want := `phase building
  buildpack A B 1
    download download
    task task
    command one
    task Step
      command two
      command three
    command four
phase exporting
  cache cache layer a:b
  cache writing the cache
`
	if got := outline(told.Spans(), 0, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, span := range told.Spans() {
		if span.Kind == "download" && span.Took() != time.Millisecond {
			t.Errorf("the download took %s, want 1ms", span.Took())
		}
	}
}
