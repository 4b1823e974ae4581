//go:build linux

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform"
)

// quiet prints nothing.
type quiet struct{}

func (quiet) begin(platform.Span)                   {}
func (quiet) end(platform.Span)                     {}
func (quiet) note(platform.Note)                    {}
func (quiet) planned(platform.Planned)              {}
func (quiet) output(platform.Output)                {}
func (quiet) explain(platform.PhaseFailed)          {}
func (quiet) failure(time.Duration, string, string) {}
func (quiet) image(platform.ImageWritten)           {}
func (quiet) project(platform.ProjectEnded)         {}

// failureOnly prints nothing but failures, and keeps the output of each platform's
// last phase.
type failureOnly struct {
	quiet
	out   io.Writer
	lines map[string][]string // by project and platform
}

func (u *failureOnly) begin(span platform.Span) {
	if span.Kind == platform.KindPhase {
		delete(u.lines, span.Where())
	}
}

// maxKept is the number of lines kept, the last ones.
const maxKept = 500

func (u *failureOnly) output(line platform.Output) {
	where := progress.Where(line.Project, line.Platform)
	u.lines[where] = last(maxKept, u.lines[where], line.Text)
}

// last appends a line and keeps the last ones, at most most.
func last(most int, lines []string, text string) []string {
	lines = append(lines, text)
	return lines[max(len(lines)-most, 0):]
}

// explain prints the kept lines of a platform.
func (u *failureOnly) explain(failed platform.PhaseFailed) {
	lines, where := plain{out: u.out}, progress.Where(failed.Project, failed.Platform)
	for _, text := range u.lines[where] {
		lines.line(where, text)
	}
	delete(u.lines, where)
}

func (u *failureOnly) project(ended platform.ProjectEnded) { (&plain{out: u.out}).project(ended) }

// plain writes lines for people and for CI logs.
type plain struct {
	quiet
	out io.Writer
}

func (p *plain) begin(span platform.Span) {
	switch span.Kind {
	case platform.KindPhase:
		p.line(span.Where(), "===> "+span.What)
	case platform.KindStep:
		p.line(span.Where(), "  "+span.What+" ...")
	}
}

func (p *plain) end(span platform.Span) {
	if span.Kind == platform.KindPhase || span.Kind == platform.KindStep && !span.Failed {
		p.line(span.Where(), fmt.Sprintf("  %s: %.1f s", span.What, span.Took().Seconds()))
	}
}

func (p *plain) note(note platform.Note) {
	p.line(progress.Where(note.Project, note.Platform), "  "+note.Text)
}

func (p *plain) planned(plan platform.Planned) {
	for _, line := range decisions.Short(plan.Decisions) {
		p.line(progress.Where(plan.Project, plan.Platform), "  "+ansi.Clean(line))
	}
}

func (p *plain) output(line platform.Output) {
	p.line(progress.Where(line.Project, line.Platform), line.Text)
}

// project prints the error of a project.
func (p *plain) project(ended platform.ProjectEnded) {
	for _, text := range linesOf(ended.Err) {
		p.line(ended.Project, text)
	}
}

// linesOf returns the lines of an error, which may be nil, without control
// characters: parts of it may come from the app.
func linesOf(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(ansi.CleanLines(err.Error()), "\n")
}

func (p *plain) line(where, text string) {
	text = ansi.Coloured(text)
	if where != "" {
		text = "[" + where + "] " + text
	}
	fmt.Fprintln(p.out, text)
}

// Line is a line of style JSON. docs/armature.md lists the fields of each event.
type Line struct {
	Event    string        `json:"event"` // start, end, output, note, plan, image, project, failure
	At       float64       `json:"at"`    // seconds since the build began
	Project  string        `json:"project,omitempty"`
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
	j.write(Line{Event: "start", Project: span.Project, Platform: span.Platform, Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What}, span.Begin)
}

func (j *jsonLines) end(span platform.Span) {
	j.write(Line{
		Event: "end", Project: span.Project, Platform: span.Platform, Span: span.ID, Parent: span.Parent, Kind: span.Kind, What: span.What,
		Seconds: seconds(span.Took()), Bytes: span.Bytes, Reused: span.Reused, Failed: span.Failed,
	}, span.End)
}

func (j *jsonLines) note(note platform.Note) {
	j.write(Line{Event: "note", Project: note.Project, Platform: note.Platform, Text: note.Text}, note.At)
}

func (j *jsonLines) planned(plan platform.Planned) {
	j.write(Line{Event: "plan", Project: plan.Project, Platform: plan.Platform, Decisions: plan.Decisions}, plan.At)
}

func (j *jsonLines) output(line platform.Output) {
	j.write(Line{Event: "output", Project: line.Project, Platform: line.Platform, Span: line.Phase.ID, What: line.Phase.What, Text: line.Text}, line.At)
}

func (j *jsonLines) failure(at time.Duration, id, text string) {
	j.write(Line{Event: "failure", ID: id, Text: text}, at)
}

func (j *jsonLines) image(image platform.ImageWritten) {
	j.write(Line{Event: "image", Project: image.Project, Text: image.Reference}, image.At)
}

func (j *jsonLines) project(ended platform.ProjectEnded) {
	line := Line{Event: "project", Project: ended.Project, Seconds: seconds(ended.Took), Bytes: ended.Bytes, Text: ended.Reference}
	if ended.Err != nil {
		line.Failed, line.ID, line.Text = true, ID(ended.Err), ended.Err.Error()
	}
	j.write(line, ended.At)
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
