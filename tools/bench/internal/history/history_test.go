package history_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/machine"
)

func TestRunsComeBackAsTheyWereAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if runs, err := history.Read(path); err != nil || len(runs) != 0 {
		t.Fatalf("no file yet: got %v, %v", runs, err)
	}
	want := []history.Run{
		{Date: "2026-01-02T03:04:05Z", Commit: "abc", Machine: machine.Facts{CPU: "one", Cores: 2}, Results: []history.Result{
			{Scenario: "cold", Way: "cross", Unit: history.Seconds, Samples: []float64{1.5, 2}, Parts: []history.Part{{Name: "building", Value: 1}}},
			{Scenario: "cold", Way: "dockerfile", Unit: history.Seconds, Failed: "no engine"},
		}},
		{Date: "2026-01-03T03:04:05Z", Commit: "def", Changed: true},
	}
	for _, run := range want {
		if err := history.Append(path, run); err != nil {
			t.Fatal(err)
		}
	}
	got, err := history.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if content, _ := os.ReadFile(path); strings.Count(string(content), "\n") != 2 {
		t.Errorf("want one line a run, got:\n%s", content)
	}
}

func TestALineThatIsNoRunIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.WriteFile(path, []byte("{\"date\":\"x\"}\n\nnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Read(path); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("got %v, want an error that names line 3", err)
	}
}

func TestFindReportsAWayWithoutSamples(t *testing.T) {
	run := history.Run{Results: []history.Result{
		{Scenario: "cold", Way: "cross", Samples: []float64{1}},
		{Scenario: "cold", Way: "dockerfile", Failed: "no engine"},
	}}
	if one, ok := run.Find("cold", "cross"); !ok || one.Samples[0] != 1 {
		t.Errorf("cross: got %v, %v", one, ok)
	}
	if one, ok := run.Find("cold", "dockerfile"); ok || one.Failed == "" {
		t.Errorf("dockerfile: got %v, %v", one, ok)
	}
	if _, ok := run.Find("rebuild", "cross"); ok {
		t.Error("a scenario that was not run: got a result")
	}
}
