//go:build linux

package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// event is a line of --progress json (docs/armature.md, "Progress").
type event struct {
	Event   string
	At      float64
	Span    int
	Parent  int
	Kind    string
	What    string
	Seconds float64
	Bytes   int64
	Failed  bool
	Reused  bool
	ID      string
	Text    string
}

func events(t *testing.T, log string) (all []event) {
	t.Helper()
	for line := range strings.Lines(log) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Event == "" {
			t.Errorf("%q is no event: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func TestEventsAndTimelineReportDurations(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	page := filepath.Join(t.TempDir(), "build.html")
	b := u.must(express, "--tag", "app-events", "--clear-cache", "--env", "BP_NODE_INSTALLER=npm", "--progress", "json", "--timings", page)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	ended, begun := map[int]event{}, map[int]event{}
	found := map[string]event{}
	var last event
	for _, e := range events(t, b.log) {
		last = e
		switch e.Event {
		case "start":
			begun[e.Span] = e
		case "end":
			ended[e.Span] = e
			found[e.Kind+" "+e.What] = e
			if !strings.Contains(strings.ReplaceAll(string(text), "<wbr>", ""), strings.ReplaceAll(e.What, "'", "&#39;")) {
				t.Errorf("%q is not in the timeline", e.What)
			}
		}
	}
	for id, e := range begun {
		if got := ended[id]; got.What != e.What || got.Failed {
			t.Errorf("%+v ended as %+v", e, got)
		}
	}
	if last.Event != "image" || last.Text != b.folder+"@"+b.digest {
		t.Errorf("the last event is %+v, want the image", last)
	}
	for _, what := range []string{
		"step copying the app", "step writing the image", "phase analyzing", "phase detecting", "phase building", "phase exporting",
		"buildpack Armature Buildpack for Node.js 0.1.0", "task making the layer node-build", "task checking native files",
		"command npm ci --omit=dev --prefer-offline --ignore-scripts", "layer layer armature/node-engine:node", "upload armature/node-engine:node", "upload armature/npm-install:launch-modules",
	} {
		if _, ok := found[what]; !ok {
			t.Errorf("there is no %s in\n%s", what, b.log)
		}
	}
	up, reused := found["upload armature/npm-install:launch-modules"], found["upload armature/node-engine:node"]
	if up.Bytes < 1e5 || up.Reused || ended[up.Parent].What != "compressing and uploading layers" {
		t.Errorf("got %+v, part of %+v", up, ended[up.Parent])
	}
	if reused.Bytes != 0 || !reused.Reused { // it was made once per builder
		t.Errorf("got %+v, want a layer that is reused", reused)
	}
}

func TestAFailedBuildIsInEventsAndTimeline(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app, page := plainApp(t), filepath.Join(t.TempDir(), "build.html")
	manifest := `{"name":"bad","version":"1.0.0","scripts":{"start":"node server.js","build":"echo '<script>alert(1)</script>'; exit 3"}}`
	if err := os.WriteFile(filepath.Join(app, "package.json"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	b := u.build(app, "--tag", "app-bad", "--progress", "json", "--timings", page)
	all := events(t, b.log)
	if last := all[len(all)-1]; b.status != 1 || last.Event != "failure" || last.ID != "build-script-failed" {
		t.Errorf("got status %d, %+v", b.status, last)
	}
	failed := map[string]bool{}
	said := false
	for _, e := range all {
		failed[e.Kind+" "+e.What] = e.Failed
		said = said || e.Event == "output" && strings.Contains(e.Text, "<script>alert(1)</script>")
	}
	if !failed["phase building"] || !failed["command npm run build"] || failed["phase detecting"] || !said {
		t.Errorf("got %v, output %v", failed, said)
	}
	text, err := os.ReadFile(page)
	if err != nil || strings.Contains(string(text), "<script") || !strings.Contains(string(text), "No image: [build-script-failed]") {
		t.Errorf("got %v\n%s", err, text)
	}
}
