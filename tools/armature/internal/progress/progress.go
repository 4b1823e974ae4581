//go:build linux

// Package progress tells people and programs how a build goes.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Style is how it is told.
type Style string

// The styles there are.
const (
	Plain Style = "plain" // lines for people
	JSON  Style = "json"  // one object a line
	Quiet Style = "quiet" // nothing
)

// Log tells what happens, in order. Logs that one was made of share its output
// and may be used at once; each tells one phase at a time.
type Log struct {
	shared *shared
	style  Style
	prefix string // the platform of one of several

	phase   string
	started time.Time
}

type shared struct {
	mu      sync.Mutex
	out     io.Writer
	timings []Timing
}

// Timing is how long something took.
type Timing struct {
	Platform string        `json:"platform,omitempty"`
	What     string        `json:"what"`
	Took     time.Duration `json:"-"`
	Seconds  float64       `json:"seconds"`
}

// Event is what style JSON prints.
type Event struct {
	Event    string  `json:"event"` // note, start, end, output
	Platform string  `json:"platform,omitempty"`
	What     string  `json:"what,omitempty"` // a phase or a step
	Text     string  `json:"text,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`
}

// New is a log that writes to out.
func New(out io.Writer, style Style) *Log { return &Log{shared: &shared{out: out}, style: style} }

// For is a log for one platform of several.
func (l *Log) For(platform string) *Log {
	return &Log{shared: l.shared, style: l.style, prefix: platform}
}

// Timings are those of all phases and steps that ended.
func (l *Log) Timings() []Timing {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	return slices.Clone(l.shared.timings)
}

// Note tells a fact.
func (l *Log) Note(text string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.write(Event{Event: "note", Text: text}, "  "+text)
}

// Output passes on a line of what runs.
func (l *Log) Output(text string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.write(Event{Event: "output", What: l.phase, Text: text}, text)
}

// Phase ends the phase before and begins another.
func (l *Log) Phase(name string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.endPhase()
	l.phase, l.started = name, time.Now()
	l.write(Event{Event: "start", What: name}, "===> "+name)
}

// EndPhase ends the phase there is, if there is one.
func (l *Log) EndPhase() {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.endPhase()
}

func (l *Log) endPhase() {
	if l.phase == "" {
		return
	}
	l.end(l.phase, time.Since(l.started))
	l.phase = ""
}

func (l *Log) end(what string, took time.Duration) {
	l.shared.timings = append(l.shared.timings, Timing{Platform: l.prefix, What: what, Took: took, Seconds: took.Seconds()})
	l.write(Event{Event: "end", What: what, Seconds: took.Seconds()}, fmt.Sprintf("  %s: %.1f s", what, took.Seconds()))
}

// Step tells when something begins and how long it took.
func (l *Log) Step(what string, do func() error) error {
	l.shared.mu.Lock()
	l.write(Event{Event: "start", What: what}, "  "+what+" ...")
	l.shared.mu.Unlock()
	begin := time.Now()
	if err := do(); err != nil {
		return err
	}
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.end(what, time.Since(begin))
	return nil
}

func (l *Log) write(event Event, text string) {
	switch l.style {
	case Plain:
		if l.prefix != "" {
			text = "[" + l.prefix + "] " + text
		}
		fmt.Fprintln(l.shared.out, text)
	case JSON:
		event.Platform = l.prefix
		line, err := json.Marshal(event)
		if err == nil {
			fmt.Fprintf(l.shared.out, "%s\n", line)
		}
	}
}
