//go:build linux

// Package report prints a build's events for people and programs.
package report

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// Style is the format of a report.
type Style string

// The styles.
const (
	Auto     Style = "auto"     // Terminal if the output is one, else Plain
	Terminal Style = "terminal" // lines for people, with live progress below
	Plain    Style = "plain"    // lines for people
	JSON     Style = "json"     // one object per line
	Quiet    Style = "quiet"    // only the output of a failed phase
)

// Styles returns the styles that users may choose.
func Styles() []Style { return []Style{Auto, Terminal, Plain, JSON} }

// Report writes a build's events, in one style. Its methods are safe for concurrent
// use. Close it.
type Report struct {
	mu      sync.Mutex
	began   time.Time // by the local clock, corrected by the first event
	started bool      // an event has arrived
	writer  eventWriter
	open    []platform.Span // open spans
	spans   []platform.Span // ended spans
}

// eventWriter writes events in one style. Its methods are not called concurrently.
type eventWriter interface {
	begin(span platform.Span)
	end(span platform.Span)
	note(note platform.Note)
	planned(plan platform.Planned)
	output(line platform.Output)
	explain(failed platform.PhaseFailed)
	failure(at time.Duration, id, text string)
	image(image platform.ImageWritten)
	project(ended platform.ProjectEnded)
}

// New returns a report that writes to out. The environment decides what Auto is,
// and whether there are colours.
func New(out io.Writer, style Style, getenv func(string) string) *Report {
	r := &Report{began: time.Now()}
	if style == Auto {
		style = choose(out, getenv)
	}
	switch style {
	case Terminal:
		r.writer = newTerminal(r, out, getenv("NO_COLOR") == "")
	case JSON:
		r.writer = &jsonLines{out: out}
	case Quiet:
		r.writer = &failureOnly{out: out, lines: map[string][]string{}}
	default:
		r.writer = &plain{out: out}
	}
	return r
}

// choose returns the style for an output: a CI log is no terminal even if it looks
// like one.
func choose(out io.Writer, getenv func(string) string) Style {
	file, ok := out.(*os.File)
	ci := getenv("CI")
	if !ok || getenv("TERM") == "" || getenv("TERM") == "dumb" || ci != "" && ci != "false" && ci != "0" {
		return Plain
	}
	if _, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err != nil {
		return Plain
	}
	return Terminal
}

// Event reports an event.
func (r *Report) Event(event platform.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case platform.Started:
		r.setStart(e.Span.Begin)
		r.open = append(r.open, e.Span)
		r.writer.begin(e.Span)
	case platform.Ended:
		r.setStart(e.Span.End)
		r.open = slices.DeleteFunc(r.open, func(open platform.Span) bool { return open.ID == e.Span.ID })
		r.spans = append(r.spans, e.Span)
		r.writer.end(e.Span)
	case platform.Output:
		r.setStart(e.At)
		r.writer.output(e)
	case platform.Note:
		r.setStart(e.At)
		r.writer.note(e)
	case platform.Planned:
		r.setStart(e.At)
		r.writer.planned(e)
	case platform.PhaseFailed:
		r.writer.explain(e)
	case platform.ImageWritten:
		r.setStart(e.At)
		r.writer.image(e)
	case platform.ProjectEnded:
		r.setStart(e.At)
		r.writer.project(e)
	}
}

// setStart computes the build's start from the first event.
func (r *Report) setStart(at time.Duration) {
	if !r.started {
		r.began, r.started = time.Now().Add(-at), true
	}
}

// Close ends the report. Only Failure may be called afterwards and, in style JSON,
// notes may still come. It is idempotent.
func (r *Report) Close() {
	r.mu.Lock()
	t, ok := r.writer.(*terminal)
	if ok {
		r.writer = quiet{}
	}
	r.mu.Unlock()
	if ok {
		t.close()
	}
}

// Failure reports the error of a build if the style does so, and returns whether it
// did. For people, the caller prints it.
func (r *Report) Failure(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.writer.(*jsonLines); !ok {
		return false
	}
	r.writer.failure(time.Since(r.began), ID(err), err.Error())
	return true
}

// ID returns the id of an error.
func ID(err error) string {
	var f *failure.Failure
	if errors.As(err, &f) {
		return f.ID
	}
	return "internal"
}

// Spans returns all ended spans, in the order of their start.
func (r *Report) Spans() []platform.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	spans := slices.Clone(r.spans)
	slices.SortStableFunc(spans, func(a, b platform.Span) int {
		if a.Begin != b.Begin {
			return int(a.Begin - b.Begin)
		}
		return a.ID - b.ID
	})
	return spans
}

// major reports whether people see a span of this kind on a line of its own.
func major(kind platform.Kind) bool { return kind == platform.KindStep || kind == platform.KindPhase }
