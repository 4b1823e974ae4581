//go:build linux

package progress_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/armature-cnb/armature/tools/armature/internal/progress"
)

func TestEveryLineOfJSONIsAnEvent(t *testing.T) {
	var out bytes.Buffer
	log := progress.New(&out, progress.JSON)
	var all sync.WaitGroup
	for _, platform := range []string{"linux/arm64", "linux/amd64"} {
		one := log.For(platform)
		all.Go(func() {
			one.Note("begin")
			one.Phase("building")
			one.Output("a \"quoted\" line")
			one.Phase("exporting")
			one.EndPhase()
		})
	}
	all.Wait()
	counts := map[string]int{}
	for line := range strings.Lines(out.String()) {
		var event progress.Event
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		counts[event.Event+" "+event.Platform]++
	}
	for what, want := range map[string]int{"note linux/arm64": 1, "start linux/amd64": 2, "end linux/arm64": 2, "output linux/amd64": 1} {
		if counts[what] != want {
			t.Errorf("%s: got %d, want %d", what, counts[what], want)
		}
	}
	if timings := log.Timings(); len(timings) != 4 {
		t.Errorf("got %v", timings)
	}
}

func TestQuietSaysNothingAndMeasures(t *testing.T) {
	var out bytes.Buffer
	log := progress.New(&out, progress.Quiet)
	if err := log.Step("copying", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	log.Output("x")
	if out.Len() != 0 || len(log.Timings()) != 1 {
		t.Errorf("got %q, %v", &out, log.Timings())
	}
}

func TestAStepThatFailsHasNoEnd(t *testing.T) {
	var out bytes.Buffer
	log := progress.New(&out, progress.Plain)
	bad := errors.New("no")
	if err := log.Step("copying", func() error { return bad }); err != bad {
		t.Errorf("got %v", err)
	}
	if out.String() != "  copying ...\n" {
		t.Errorf("got %q", &out)
	}
}
