//go:build linux

package phases

import (
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
)

// A part of a step ends the command before it: what completes then is the step.
func TestAStepCompletesAfterItsLastCommand(t *testing.T) {
	var told progresstest.Recorder
	w := newWatcher(progress.New(told.Event), "app", map[string]bool{"A B 1": true})
	text := "===> BUILDING\nA B 1\n  Step:\n    Running 'one'\n    Another part\n      Completed in 1s\n    Running 'two'\n"
	if _, err := w.stream().Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	w.end(false)
	want := "phase building\n  buildpack A B 1\n    task Step\n      command one\n    command two\n"
	if got := outline(told.Spans(), 0, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the lifecycle prints matters only when it fails.
func TestOnlyTheLifecyclesOwnLinesAreDetails(t *testing.T) {
	var lines []string
	log := progress.New(func(event progress.Event) {
		if line, ok := event.(progress.Output); ok {
			lines = append(lines, fmt.Sprintf("%s %v", line.Text, line.Detail))
		}
	})
	w := newWatcher(log, "app", nil)
	if _, err := w.stream().Write([]byte("before\n===> ANALYZING\nanalyzed\n===> BUILDING\nbuilt\n===> EXPORTING\nexported\n")); err != nil {
		t.Fatal(err)
	}
	w.end(false)
	if got, want := strings.Join(lines, ", "), "before false, analyzed true, built false, exported true"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
