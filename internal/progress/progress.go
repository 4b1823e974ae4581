//go:build linux

// Package progress turns what happens in a build into events, and measures what
// takes how long.
package progress

import (
	"strings"
	"sync"
	"time"
)

// Log tells what happens, in order. Logs that one was made of share its listener
// and may be used at once; each tells one phase at a time. Close the first.
type Log struct {
	shared *shared
	prefix string // the platform of one of several
	phase  *Work
}

type shared struct {
	mu     sync.Mutex
	began  time.Time
	listen func(Event)
	ids    int
	open   []*Work
}

// New is a log whose events go to listen, one at a time; nil hears none.
func New(listen func(Event)) *Log {
	if listen == nil {
		listen = func(Event) {}
	}
	return &Log{shared: &shared{began: time.Now(), listen: listen}}
}

// For is a log for one platform of several.
func (l *Log) For(platform string) *Log { return &Log{shared: l.shared, prefix: platform} }

// Close ends the log: what has not ended has failed. Only the first call does
// something.
func (l *Log) Close() {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	for len(l.shared.open) > 0 {
		l.shared.open[0].end(true)
	}
}

// tell passes on the event that there is after so much time.
func (l *Log) tell(event func(at time.Duration) Event) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.listen(event(time.Since(l.shared.began)))
}

// Note tells a fact, in one line: the lines of a failure become sentences.
func (l *Log) Note(text string) {
	text = sentences(text)
	l.tell(func(at time.Duration) Event { return Note{At: at, Platform: l.prefix, Text: text} })
}

// Output passes on a line of what runs.
func (l *Log) Output(text string) { l.output(text, false) }

// Detail passes on a line that people need only when the phase fails.
func (l *Log) Detail(text string) { l.output(text, true) }

func (l *Log) output(text string, detail bool) {
	l.tell(func(at time.Duration) Event {
		o := Output{At: at, Platform: l.prefix, Text: text, Detail: detail}
		if l.phase != nil {
			o.Phase = l.phase.span
		}
		return o
	})
}

// Explain tells that the last phase failed for what it printed.
func (l *Log) Explain() {
	l.tell(func(time.Duration) Event { return PhaseFailed{Platform: l.prefix} })
}

// Build tells what is built.
func (l *Log) Build(started BuildStarted) {
	l.tell(func(time.Duration) Event { return started })
}

// Image tells which image there is.
func (l *Log) Image(reference string) {
	l.tell(func(at time.Duration) Event { return ImageWritten{At: at, Reference: reference} })
}

// Phase ends the phase before and begins another.
func (l *Log) Phase(name string) *Work {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.phase.end(false)
	l.phase = l.begin(nil, Phase, name)
	return l.phase
}

// EndPhase ends the phase there is, if there is one.
func (l *Log) EndPhase(failed bool) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.phase.end(failed)
	l.phase = nil
}

// Step tells when something begins and how long it took.
func (l *Log) Step(what string, do func() error) error {
	work := l.Begin(nil, Step, what)
	err := do()
	work.finish(err != nil)
	return err
}

// sentences is a text of several lines in one.
func sentences(text string) string {
	var line strings.Builder
	for next := range strings.SplitSeq(text, "\n") {
		next = strings.TrimSpace(next)
		switch so := line.String(); {
		case so == "" || next == "":
		case strings.HasSuffix(so, ".") || strings.HasSuffix(so, ":") || strings.HasSuffix(so, ","):
			line.WriteByte(' ')
		default:
			line.WriteString(". ")
		}
		line.WriteString(next)
	}
	return line.String()
}
