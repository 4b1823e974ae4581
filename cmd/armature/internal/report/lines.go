//go:build linux

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/platform"
)

// quiet prints nothing.
type quiet struct{}

func (quiet) begin(platform.Span)                   {}
func (quiet) end(platform.Span)                     {}
func (quiet) note(platform.Note)                    {}
func (quiet) planned(platform.Planned)              {}
func (quiet) output(platform.Output)                {}
func (quiet) explain(string)                        {}
func (quiet) failure(time.Duration, string, string) {}
func (quiet) image(platform.ImageWritten)           {}

// failureOnly prints nothing, and keeps the output of each platform's last phase.
type failureOnly struct {
	quiet
	out   io.Writer
	lines map[string][]string // by platform
}

func (u *failureOnly) begin(span platform.Span) {
	if span.Kind == platform.KindPhase {
		delete(u.lines, span.Platform)
	}
}

// maxKept is the number of lines kept, the last ones.
const maxKept = 500

func (u *failureOnly) output(line platform.Output) {
	u.lines[line.Platform] = last(maxKept, u.lines[line.Platform], line.Text)
}

// last appends a line and keeps the last ones, at most most.
func last(most int, lines []string, text string) []string {
	lines = append(lines, text)
	return lines[max(len(lines)-most, 0):]
}

// explain prints the kept lines of a platform.
func (u *failureOnly) explain(platform string) {
	lines := plain{out: u.out}
	for _, text := range u.lines[platform] {
		lines.line(platform, text)
	}
	delete(u.lines, platform)
}

// plain writes lines for people and for CI logs.
type plain struct {
	quiet
	out io.Writer
}

func (p *plain) begin(span platform.Span) {
	switch span.Kind {
	case platform.KindPhase:
		p.line(span.Platform, "===> "+span.What)
	case platform.KindStep:
		p.line(span.Platform, "  "+span.What+" ...")
	}
}

func (p *plain) end(span platform.Span) {
	if span.Kind == platform.KindPhase || span.Kind == platform.KindStep && !span.Failed {
		p.line(span.Platform, fmt.Sprintf("  %s: %.1f s", span.What, span.Took().Seconds()))
	}
}

func (p *plain) note(note platform.Note) { p.line(note.Platform, "  "+note.Text) }
func (p *plain) planned(plan platform.Planned) {
	for _, line := range decisions.Short(plan.Decisions) {
		p.line(plan.Platform, "  "+ansi.Clean(line))
	}
}

func (p *plain) output(line platform.Output) { p.line(line.Platform, line.Text) }

func (p *plain) line(platform, text string) {
	text = ansi.Coloured(text)
	if platform != "" {
		text = "[" + platform + "] " + text
	}
	fmt.Fprintln(p.out, text)
}

// Line is a line of style JSON. docs/armature.md lists the fields of each event.
type Line struct {
	Event    string        `json:"event"` // start, end, output, note, plan, image, failure
	At       float64       `json:"at"`    // seconds since the build began
	Platform string        `json:"platform,omitempty"`
	Span     int           `json:"span,omitempty"`
	Parent   int           `json:"parent,omitempty"`
	Kind     platform.Kind `json:"kind,omitempty"`
	What     string        `json:"what,omitempty"`
	Seconds  float64       `json:"seconds,omitempty"`
	Bytes    int64         `json:"bytes,omitempty"`
	Reused   bool          `json:"reused,omitempty"`
	Failed   bool          `json:"failed,omitempty"`
	ID       string        `json:"id,omitempty"`
	Text     string        `json:"text,omitempty"`

	Decisions []platform.Decision `json:"decisions,omitempty"`
}

// jsonLines writes one object per line.
type jsonLines struct {
	quiet
	out io.Writer
}

func (j *jsonLines) begin(span platform.Span) {
	j.write(Line{Event: "start", Platform: span.Platform, Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What}, span.Begin)
}

func (j *jsonLines) end(span platform.Span) {
	j.write(Line{
		Event: "end", Platform: span.Platform, Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What,
		Seconds: seconds(span.Took()), Bytes: span.Bytes, Reused: span.Reused, Failed: span.Failed,
	}, span.End)
}

func (j *jsonLines) note(note platform.Note) {
	j.write(Line{Event: "note", Platform: note.Platform, Text: note.Text}, note.At)
}

func (j *jsonLines) planned(plan platform.Planned) {
	j.write(Line{Event: "plan", Platform: plan.Platform, Decisions: plan.Decisions}, plan.At)
}

func (j *jsonLines) output(line platform.Output) {
	j.write(Line{Event: "output", Platform: line.Platform, Span: line.Phase.ID, What: line.Phase.What, Text: line.Text}, line.At)
}

func (j *jsonLines) failure(at time.Duration, id, text string) {
	j.write(Line{Event: "failure", ID: id, Text: text}, at)
}

func (j *jsonLines) image(image platform.ImageWritten) {
	j.write(Line{Event: "image", Text: image.Reference}, image.At)
}

func (j *jsonLines) write(line Line, at time.Duration) {
	line.At = seconds(at)
	text, err := json.Marshal(line)
	if err == nil {
		fmt.Fprintf(j.out, "%s\n", escapeRest(text))
	}
}

// escapeRest escapes control characters that are valid in JSON but that some
// terminals act upon.
func escapeRest(line []byte) string {
	return controls.ReplaceAllStringFunc(string(line), func(found string) string {
		r, _ := utf8.DecodeRuneInString(found)
		return fmt.Sprintf(`\u%04x`, r)
	})
}

var controls = regexp.MustCompile(`[\x7f-\x{9f}]`)

// seconds converts a duration, rounded to milliseconds.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
