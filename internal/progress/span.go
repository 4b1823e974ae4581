//go:build linux

package progress

import (
	"slices"
	"time"

	"github.com/armature-cnb/armature/internal/ansi"
)

// Kind is the kind of a span.
type Kind string

// The kinds.
const (
	Step      Kind = "step"      // armature's own
	Phase     Kind = "phase"     // of the lifecycle
	Buildpack Kind = "buildpack" // within the phase building
	Task      Kind = "task"      // a step that a buildpack or the lifecycle reports
	Command   Kind = "command"   // a program that a buildpack runs
	Download  Kind = "download"
	Layer     Kind = "layer"  // reading and hashing a layer's files
	Upload    Kind = "upload" // compressing a layer, and writing it into the build's registry
	Cache     Kind = "cache"  // hashing and writing the cache for the next build
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Step, Phase, Buildpack, Task, Command, Download, Layer, Upload, Cache}
}

// Span is a piece of work.
type Span struct {
	ID       int    // from 1, in the order of the events
	Parent   int    // the ID of the parent, or 0
	Project  string // one of several, or ""
	Platform string // one of several, or ""
	Kind     Kind
	What     string
	Begin    time.Duration // since the log's start
	End      time.Duration
	Bytes    int64 // transferred; 0 if unknown
	Reused   bool  // nothing to do: it existed already
	Failed   bool
}

// Took returns the duration.
func (s Span) Took() time.Duration { return s.End - s.Begin }

// Where names the span's project and platform, see [Where].
func (s Span) Where() string { return Where(s.Project, s.Platform) }

// Work is a span that has begun. Closing the log fails a span that has not ended.
// All methods do nothing for a nil Work.
type Work struct {
	log  *Log
	span Span
	over bool
}

// Begin begins a span, as part of parent unless that is nil.
func (l *Log) Begin(parent *Work, kind Kind, what string) *Work {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	return l.begin(parent, kind, what)
}

func (l *Log) begin(parent *Work, kind Kind, what string) *Work {
	s := l.shared
	s.ids++
	what = ansi.Clean(what)
	w := &Work{log: l, span: Span{ID: s.ids, Project: l.project, Platform: l.prefix, Kind: kind, What: what, Begin: time.Since(s.began)}}
	if parent != nil {
		w.span.Parent = parent.span.ID
	}
	s.open = append(s.open, w)
	s.listen(Started{w.span})
	return w
}

// End ends the span.
func (w *Work) End() { w.finish(false) }

// Fail ends the span as failed.
func (w *Work) Fail() { w.finish(true) }

func (w *Work) finish(failed bool) {
	if w == nil {
		return
	}
	w.log.shared.mu.Lock()
	defer w.log.shared.mu.Unlock()
	w.end(failed)
}

// end ends the span, and the open spans in it.
func (w *Work) end(failed bool) {
	if w == nil || w.over {
		return
	}
	s := w.log.shared
	for _, inner := range slices.Backward(slices.Clone(s.open)) {
		if inner.span.Parent == w.span.ID {
			inner.end(failed)
		}
	}
	w.over = true
	s.open = slices.DeleteFunc(s.open, func(other *Work) bool { return other == w })
	w.span.End, w.span.Failed = time.Since(s.began), failed
	s.listen(Ended{w.span})
}

// Past reports a span that is already over. The log sets its ID, Parent, Project,
// Platform, Begin and End.
func (l *Log) Past(parent *Work, span Span, begin, end time.Time) {
	s := l.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	span.ID, span.Project, span.Platform, span.What = s.ids, l.project, l.prefix, ansi.Clean(span.What)
	span.Begin, span.End = begin.Sub(s.began), end.Sub(s.began)
	if parent != nil {
		span.Parent = parent.span.ID
	}
	s.listen(Ended{span})
}
