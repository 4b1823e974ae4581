//go:build linux

// Package progress turns the work of a build into events, and measures its
// duration.
package progress

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

// Log emits events in order. Logs that For returns share a listener and are safe
// for concurrent use; each has one phase at a time. Close the first.
type Log struct {
	shared  *shared
	project string // if there are several
	prefix  string // the platform, if there are several
	phase   *Work
}

type shared struct {
	mu     sync.Mutex
	began  time.Time
	listen func(Event)
	ids    int
	open   []*Work
}

// New returns a log that sends its events to listen, one at a time; nil discards
// them.
func New(listen func(Event)) *Log {
	if listen == nil {
		listen = func(Event) {}
	}
	return &Log{shared: &shared{began: time.Now(), listen: listen}}
}

// For returns a log for one of several platforms.
func (l *Log) For(platform string) *Log {
	return &Log{shared: l.shared, project: l.project, prefix: platform}
}

// ForProject returns a log for one of several projects.
func (l *Log) ForProject(project string) *Log { return &Log{shared: l.shared, project: project} }

// Close ends the log, or that of a project: spans that have not ended have failed. It
// is idempotent.
func (l *Log) Close() {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	for _, open := range slices.Clone(l.shared.open) {
		if l.project == "" || open.span.Project == l.project {
			open.end(true)
		}
	}
}

// emit emits an event with the time since the start.
func (l *Log) emit(event func(at time.Duration) Event) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.listen(event(time.Since(l.shared.began)))
}

// Note emits a note of one line: the lines of a failure become sentences.
func (l *Log) Note(text string) {
	text = sentences(text)
	l.emit(func(at time.Duration) Event { return Note{At: at, Project: l.project, Platform: l.prefix, Text: text} })
}

// Output emits a line of output.
func (l *Log) Output(text string) { l.output(text, false) }

// Detail emits a line that matters only if the phase fails.
func (l *Log) Detail(text string) { l.output(text, true) }

func (l *Log) output(text string, detail bool) {
	l.emit(func(at time.Duration) Event {
		o := Output{At: at, Project: l.project, Platform: l.prefix, Text: text, Detail: detail}
		if l.phase != nil {
			o.Phase = l.phase.span
		}
		return o
	})
}

// Explain reports that the last phase failed for a reason in its output.
func (l *Log) Explain() {
	l.emit(func(time.Duration) Event { return PhaseFailed{Project: l.project, Platform: l.prefix} })
}

// Build reports the build's start.
func (l *Log) Build(started BuildStarted) {
	started.Project = l.project
	l.emit(func(time.Duration) Event { return started })
}

// Planned reports what the buildpacks decided in detection.
func (l *Log) Planned(all []decisions.Decision) {
	l.emit(func(at time.Duration) Event {
		return Planned{At: at, Project: l.project, Platform: l.prefix, Decisions: all}
	})
}

// Image reports the image's reference.
func (l *Log) Image(reference string) {
	l.emit(func(at time.Duration) Event { return ImageWritten{At: at, Project: l.project, Reference: reference} })
}

// EndProject reports what became of the log's project; it sets At and Project.
func (l *Log) EndProject(ended ProjectEnded) {
	l.emit(func(at time.Duration) Event {
		ended.At, ended.Project = at, l.project
		return ended
	})
}

// Phase ends the previous phase and begins another.
func (l *Log) Phase(name string) *Work {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.phase.end(false)
	l.phase = l.begin(nil, Phase, name)
	return l.phase
}

// EndPhase ends the current phase, if any.
func (l *Log) EndPhase(failed bool) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.phase.end(failed)
	l.phase = nil
}

// Step runs do as a span.
func (l *Log) Step(what string, do func() error) error {
	work := l.Begin(nil, Step, what)
	err := do()
	work.finish(err != nil)
	return err
}

// sentences joins the lines of a text.
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
