//go:build linux

// Package progresstest records a build's events.
package progresstest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/progress"
)

// Recorder records events: pass its Event to [progress.New]. The zero value is
// ready to use.
type Recorder struct {
	mu    sync.Mutex
	text  bytes.Buffer
	spans []progress.Span
}

// Event records an event.
func (r *Recorder) Event(event progress.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case progress.Started:
		if e.Span.Kind == progress.Phase {
			fmt.Fprintln(&r.text, "===> "+e.Span.What)
		} else {
			fmt.Fprintln(&r.text, e.Span.What)
		}
	case progress.Ended:
		r.spans = append(r.spans, e.Span)
	case progress.Planned:
		for _, line := range decisions.Short(e.Decisions) {
			fmt.Fprintln(&r.text, line)
		}
	case progress.Note:
		fmt.Fprintln(&r.text, e.Text)
	case progress.PhaseFailed:
		fmt.Fprintln(&r.text, "what the phase printed says why it failed")
	case progress.Output:
		fmt.Fprintln(&r.text, e.Text)
	}
}

// String has a line for each phase, for other work that began, for each note and
// line of output, and for each failed phase.
func (r *Recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Reset discards these lines.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Reset()
}

// Spans returns all ended spans, in the order of their start.
func (r *Recorder) Spans() []progress.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	spans := slices.Clone(r.spans)
	slices.SortStableFunc(spans, func(a, b progress.Span) int {
		if a.Begin != b.Begin {
			return int(a.Begin - b.Begin)
		}
		return a.ID - b.ID
	})
	return spans
}
