//go:build linux

// Package report tells people and programs how a build goes.
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

// Style is how it is told.
type Style string

// The styles there are.
const (
	Auto     Style = "auto"     // Terminal where that is one, or else Plain
	Terminal Style = "terminal" // lines for people, with a clock below
	Plain    Style = "plain"    // lines for people
	JSON     Style = "json"     // one object a line
	Quiet    Style = "quiet"    // nothing, but why a phase failed
)

// Styles are those that people may ask for.
func Styles() []Style { return []Style{Auto, Terminal, Plain, JSON} }

// Report writes a build's events, in one style. Its methods may be called at once.
// Close it.
type Report struct {
	mu    sync.Mutex
	began time.Time // by its own clock, or when the first event says that the build did
	heard bool      // there was an event
	told  teller
	open  []platform.Span // that have begun and are not over
	spans []platform.Span // that are over
}

// teller writes what is told, in one style. It is called by one at a time.
type teller interface {
	begin(span platform.Span)
	end(span platform.Span)
	note(note platform.Note)
	output(line platform.Output)
	explain(platform string)
	failure(at time.Duration, id, text string)
	image(image platform.ImageWritten)
}

// New is a report that writes to out. The environment says what Auto is, and
// whether there are colours.
func New(out io.Writer, style Style, getenv func(string) string) *Report {
	r := &Report{began: time.Now()}
	if style == Auto {
		style = choose(out, getenv)
	}
	switch style {
	case Terminal:
		r.told = newTerminal(r, out, getenv("NO_COLOR") == "")
	case JSON:
		r.told = &jsonLines{out: out}
	case Quiet:
		r.told = &untold{out: out, lines: map[string][]string{}}
	default:
		r.told = &plain{out: out}
	}
	return r
}

// choose says which style there is for an output: a CI system's log is no
// terminal even where it looks like one.
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

// Event tells what happened.
func (r *Report) Event(event platform.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case platform.Started:
		r.hear(e.Span.Begin)
		r.open = append(r.open, e.Span)
		r.told.begin(e.Span)
	case platform.Ended:
		r.hear(e.Span.End)
		r.open = slices.DeleteFunc(r.open, func(open platform.Span) bool { return open.ID == e.Span.ID })
		r.spans = append(r.spans, e.Span)
		r.told.end(e.Span)
	case platform.Output:
		r.hear(e.At)
		r.told.output(e)
	case platform.Note:
		r.hear(e.At)
		r.told.note(e)
	case platform.PhaseFailed:
		r.told.explain(e.Platform)
	case platform.ImageWritten:
		r.hear(e.At)
		r.told.image(e)
	}
}

// hear notes when the build began, by the first event.
func (r *Report) hear(at time.Duration) {
	if !r.heard {
		r.began, r.heard = time.Now().Add(-at), true
	}
}

// Close ends the report. Nothing but Failure may be told afterwards, and notes in
// style JSON. Only the first call does something.
func (r *Report) Close() {
	r.mu.Lock()
	t, ok := r.told.(*terminal)
	if ok {
		r.told = quiet{}
	}
	r.mu.Unlock()
	if ok {
		t.close()
	}
}

// Failure tells why there is no image, where that is told in the report's style,
// and says whether it did. People are told elsewhere.
func (r *Report) Failure(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.told.(*jsonLines); !ok {
		return false
	}
	id := "internal"
	var f *failure.Failure
	if errors.As(err, &f) {
		id = f.ID
	}
	r.told.failure(time.Since(r.began), id, err.Error())
	return true
}

// Spans are all that are over, in the order in which they began.
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

// major says whether people are told of such a span in a line of its own.
func major(kind platform.Kind) bool { return kind == platform.KindStep || kind == platform.KindPhase }
