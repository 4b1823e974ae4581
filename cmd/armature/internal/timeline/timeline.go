//go:build linux

// Package timeline shows the durations of a build: as a self-contained HTML page,
// and as a text table.
package timeline

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/armature-cnb/armature/platform"
)

// Build is a build to show.
type Build struct {
	Name   string   // of the image
	Facts  []string // more about the call: "armature 0.1.0", "linux/amd64 host"
	Image  string   // the image, with its digest; empty after a failure
	Failed string   // the cause of a failure, or empty
	Spans  []platform.Span
}

// row is a span on the page.
type row struct {
	platform.Span
	Depth       int
	Left, Width float64 // percent of the total
	Longest     bool    // among those with the longest own time
	own         time.Duration
}

// lane is a heading with rows: for a project, a platform, or for work shared by all.
type lane struct {
	Name string
	Took time.Duration
	Rows []row
}

type page struct {
	Build
	Took    time.Duration
	Ticks   []tick
	Lanes   []lane
	Longest []row
	Kinds   []platform.Kind
}

type tick struct {
	Left float64
	Text string
}

//go:embed timeline.html
var text string

var document = template.Must(template.New("timeline").Funcs(template.FuncMap{
	"clock": clock, "bytes": Bytes, "pieces": pieces, "seconds": func(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) },
	"percent": func(share float64) string { return fmt.Sprintf("%.3f%%", share) },
}).Parse(text))

// Write writes the page. It escapes all of the build's text for its context.
func Write(out io.Writer, build Build) error {
	total := time.Duration(0)
	for _, span := range build.Spans {
		total = max(total, span.End)
	}
	p := page{Build: build, Took: total, Ticks: ticks(total), Lanes: lanes(build.Spans, total)}
	for _, kind := range platform.Kinds() {
		if slices.ContainsFunc(build.Spans, func(s platform.Span) bool { return s.Kind == kind }) {
			p.Kinds = append(p.Kinds, kind)
		}
	}
	for i := range p.Lanes {
		p.Longest = append(p.Longest, p.Lanes[i].Rows...)
	}
	slices.SortStableFunc(p.Longest, func(a, b row) int { return int(b.own - a.own) })
	p.Longest = slices.DeleteFunc(p.Longest[:min(len(p.Longest), mostLongest)], func(r row) bool { return r.own < total/100 })
	for i := range p.Longest {
		p.Longest[i].Begin, p.Longest[i].End = 0, p.Longest[i].own
	}
	return document.Execute(out, p)
}

// mostLongest is the number of the longest spans that the page lists first.
const mostLongest = 5

// lanes groups spans by project and platform, and below their parents.
func lanes(spans []platform.Span, total time.Duration) []lane {
	children := map[int][]platform.Span{}
	known := map[int]bool{}
	for _, span := range spans {
		known[span.ID] = true
	}
	var all []lane
	for _, span := range spans {
		parent := span.Parent
		if !known[parent] {
			parent = 0
		}
		children[parent] = append(children[parent], span)
	}
	at := func(name string) *lane {
		i := slices.IndexFunc(all, func(l lane) bool { return l.Name == name })
		if i < 0 {
			all = append(all, lane{Name: name})
			i = len(all) - 1
		}
		return &all[i]
	}
	var add func(span platform.Span, depth int)
	add = func(span platform.Span, depth int) {
		l := at(span.Where())
		r := row{Span: span, Depth: depth, own: own(span, children[span.ID])}
		r.Left, r.Width = percent(span.Begin, total), percent(span.Took(), total)
		l.Rows, l.Took = append(l.Rows, r), max(l.Took, span.End)
		for _, inner := range children[span.ID] {
			add(inner, depth+1)
		}
	}
	for _, span := range children[0] {
		add(span, 0)
	}
	return all
}

// own returns a span's duration without that of its parts.
func own(span platform.Span, parts []platform.Span) time.Duration {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b platform.Span) int { return int(a.Begin - b.Begin) })
	left, at := time.Duration(0), span.Begin
	for _, part := range parts {
		if part.Begin > at {
			left += part.Begin - at
		}
		at = max(at, min(part.End, span.End))
	}
	return left + max(span.End-at, 0)
}

func percent(part, total time.Duration) float64 {
	if total <= 0 {
		return 0
	}
	return math.Min(math.Max(100*float64(part)/float64(total), 0), 100)
}

// ticks returns at most six round times for an axis.
func ticks(total time.Duration) []tick {
	if total <= 0 {
		return nil
	}
	step := 10 * time.Millisecond
	for factor := 0; total/step > 5; factor++ {
		step = step * []time.Duration{2, 5, 2}[factor%3] / []time.Duration{1, 2, 1}[factor%3]
	}
	var all []tick
	for at := time.Duration(0); at <= total*97/100; at += step {
		all = append(all, tick{Left: percent(at, total), Text: strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", at.Seconds()), "0"), ".") + " s"})
	}
	return all
}

// clock formats a duration for people.
func clock(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// Bytes formats a size for people, in powers of ten.
func Bytes(n int64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// pieces splits a text at allowed line breaks: long layer names and addresses have
// no spaces.
func pieces(text string) []string { return strings.SplitAfter(text, "/") }
