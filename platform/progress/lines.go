//go:build linux

package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"time"
	"unicode/utf8"
)

// quiet says nothing.
type quiet struct{}

func (quiet) begin(*Log, Span)             {}
func (quiet) end(*Log, Span)               {}
func (quiet) note(*Log, string)            {}
func (quiet) output(*Log, string)          {}
func (quiet) detail(*Log, string)          {}
func (quiet) failure(*Log, string, string) {}
func (quiet) image(*Log, string)           {}

// untold says nothing, and keeps what the last phase of each log printed.
type untold struct {
	quiet
	out   io.Writer
	lines map[*Log][]string
}

func (u *untold) begin(l *Log, span Span) {
	if span.Kind == Phase {
		delete(u.lines, l)
	}
}

// mostUntold is how many lines are kept, the last ones.
const mostUntold = 500

func (u *untold) output(l *Log, text string) {
	u.lines[l] = last(mostUntold, u.lines[l], text)
}

// last are the last of some lines and one more.
func last(most int, lines []string, text string) []string {
	lines = append(lines, text)
	return lines[max(len(lines)-most, 0):]
}

func (u *untold) detail(l *Log, text string) { u.output(l, text) }

// tell passes on what was kept of a log.
func (u *untold) tell(l *Log) {
	lines := plain{out: u.out}
	for _, text := range u.lines[l] {
		lines.line(l, text)
	}
	delete(u.lines, l)
}

// plain writes lines for people, and for the logs of CI systems.
type plain struct {
	quiet
	out io.Writer
}

func (p *plain) begin(l *Log, span Span) {
	switch span.Kind {
	case Phase:
		p.line(l, "===> "+span.What)
	case Step:
		p.line(l, "  "+span.What+" ...")
	}
}

func (p *plain) end(l *Log, span Span) {
	if span.Kind == Phase || span.Kind == Step && !span.Failed {
		p.line(l, fmt.Sprintf("  %s: %.1f s", span.What, span.Took().Seconds()))
	}
}

func (p *plain) note(l *Log, text string)   { p.line(l, "  "+text) }
func (p *plain) output(l *Log, text string) { p.line(l, text) }
func (p *plain) detail(l *Log, text string) { p.line(l, text) }

func (p *plain) line(l *Log, text string) {
	text = coloured(text)
	if l.prefix != "" {
		text = "[" + l.prefix + "] " + text
	}
	fmt.Fprintln(p.out, text)
}

// Event is a line of style JSON. Which fields there are for which event says
// docs/armature.md.
type Event struct {
	Event    string  `json:"event"` // start, end, output, note, image, failure
	At       float64 `json:"at"`    // seconds since the log began
	Platform string  `json:"platform,omitempty"`
	Span     int     `json:"span,omitempty"`
	Parent   int     `json:"parent,omitempty"`
	Kind     Kind    `json:"kind,omitempty"`
	What     string  `json:"what,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`
	Bytes    int64   `json:"bytes,omitempty"`
	Reused   bool    `json:"reused,omitempty"`
	Failed   bool    `json:"failed,omitempty"`
	ID       string  `json:"id,omitempty"`
	Text     string  `json:"text,omitempty"`
}

// jsonLines writes one object a line.
type jsonLines struct {
	shared *shared
	out    io.Writer
}

func (j *jsonLines) begin(l *Log, span Span) {
	j.write(l, Event{Event: "start", Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What}, span.Begin)
}

func (j *jsonLines) end(l *Log, span Span) {
	j.write(l, Event{
		Event: "end", Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What,
		Seconds: seconds(span.Took()), Bytes: span.Bytes, Reused: span.Reused, Failed: span.Failed,
	}, span.End)
}

func (j *jsonLines) note(l *Log, text string) {
	j.write(l, Event{Event: "note", Text: text}, time.Since(j.shared.began))
}

func (j *jsonLines) output(l *Log, text string) {
	e := Event{Event: "output", What: l.phaseName(), Text: text}
	if l.phase != nil {
		e.Span = l.phase.span.ID
	}
	j.write(l, e, time.Since(j.shared.began))
}

func (j *jsonLines) detail(l *Log, text string) { j.output(l, text) }

func (j *jsonLines) failure(l *Log, id, text string) {
	j.write(l, Event{Event: "failure", ID: id, Text: text}, time.Since(j.shared.began))
}

func (j *jsonLines) image(l *Log, text string) {
	j.write(l, Event{Event: "image", Text: text}, time.Since(j.shared.began))
}

func (j *jsonLines) write(l *Log, event Event, at time.Duration) {
	event.Platform, event.At = l.prefix, seconds(at)
	line, err := json.Marshal(event)
	if err == nil {
		fmt.Fprintf(j.out, "%s\n", escapeRest(line))
	}
}

// escapeRest escapes the control characters that JSON may have as they are, and
// that some terminals act upon.
func escapeRest(line []byte) string {
	return controls.ReplaceAllStringFunc(string(line), func(found string) string {
		r, _ := utf8.DecodeRuneInString(found)
		return fmt.Sprintf(`\u%04x`, r)
	})
}

var controls = regexp.MustCompile(`[\x7f-\x{9f}]`)

// seconds are those of a duration, to the millisecond.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
