//go:build linux

package progress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
)

func TestWhatIsPartOfSomethingEndsWithIt(t *testing.T) {
	var told progresstest.Recorder
	log := progress.New(told.Event)
	phase := log.Phase("building")
	buildpack := log.Begin(phase, progress.Buildpack, "b")
	task := log.Begin(buildpack, progress.Task, "t")
	phase.End()
	task.Fail()    // is over: does nothing
	log.Phase("x") // and so does ending the phase before
	log.Close()
	var spans []string
	for _, s := range told.Spans() {
		spans = append(spans, fmt.Sprintf("%d<%d %s %v", s.ID, s.Parent, s.What, s.Failed))
		if s.End < s.Begin || s.Took() > time.Minute {
			t.Errorf("got %+v", s)
		}
	}
	if got, want := strings.Join(spans, ", "), "1<0 building false, 2<1 b false, 3<2 t false, 4<0 x true"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestANoteIsOneLine(t *testing.T) {
	var got progress.Note
	progress.New(func(e progress.Event) { got = e.(progress.Note) }).Note("it was not written: [id] no\nTo fix it: do this:\n  or that.\n")
	if want := "it was not written: [id] no. To fix it: do this: or that."; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
}
