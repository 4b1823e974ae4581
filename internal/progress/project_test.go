//go:build linux

package progress_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/progress"
)

// Closing the log of one project leaves the spans of the others.
func TestEventsSayWhichProjectTheyAreAbout(t *testing.T) {
	var events []progress.Event
	log := progress.New(func(e progress.Event) { events = append(events, e) })
	api, web := log.ForProject("apps/api"), log.ForProject("apps/web")
	open := web.Begin(nil, progress.Step, "w")
	api.For("linux/arm64").Begin(nil, progress.Step, "a")
	api.Close()
	open.End()
	var ended []progress.Span
	for _, e := range events {
		if e, ok := e.(progress.Ended); ok {
			ended = append(ended, e.Span)
		}
	}
	if len(ended) != 2 || ended[0].Where() != "apps/api linux/arm64" || !ended[0].Failed || ended[1].Where() != "apps/web" || ended[1].Failed {
		t.Errorf("got %+v", ended)
	}
	events = nil
	web.Note("n")
	web.Output("o")
	web.Explain()
	web.Image("i")
	web.EndProject(progress.ProjectEnded{})
	web.Build(progress.BuildStarted{})
	for _, e := range events {
		var of string
		switch e := e.(type) {
		case progress.Note:
			of = e.Project
		case progress.Output:
			of = e.Project
		case progress.PhaseFailed:
			of = e.Project
		case progress.ImageWritten:
			of = e.Project
		case progress.ProjectEnded:
			of = e.Project
		case progress.BuildStarted:
			of = e.Project
		}
		if of != "apps/web" {
			t.Errorf("%+v is of %q", e, of)
		}
	}
}
