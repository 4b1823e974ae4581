//go:build linux

package progress

import (
	"slices"
	"time"

	"github.com/armature-cnb/armature/internal/ansi"
)

// Kind is what sort of work a span is.
type Kind string

// The kinds there are.
const (
	Step      Kind = "step"      // armature's own
	Phase     Kind = "phase"     // of the lifecycle
	Buildpack Kind = "buildpack" // within the phase building
	Task      Kind = "task"      // what a buildpack or the lifecycle says that it does
	Command   Kind = "command"   // a program that a buildpack runs
	Download  Kind = "download"
	Layer     Kind = "layer"  // reading and hashing a layer's files
	Upload    Kind = "upload" // compressing a layer, and writing it into the build's registry
	Cache     Kind = "cache"  // hashing and writing what the next build finds
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{Step, Phase, Buildpack, Task, Command, Download, Layer, Upload, Cache}
}

// Span is a piece of work.
type Span struct {
	ID       int // from 1, in the order in which spans were told
	Parent   int // the ID of what it was part of, or 0
	Platform string
	Kind     Kind
	What     string
	Begin    time.Duration // since the log began
	End      time.Duration
	Bytes    int64 // that were moved; 0 where nobody knows
	Reused   bool  // nothing was to be done: it was there already
	Failed   bool
}

// Took is how long it took.
func (s Span) Took() time.Duration { return s.End - s.Begin }

// Work is a span that has begun. One that is never ended has failed when the
// log is closed. All methods do nothing for a nil Work.
type Work struct {
	log  *Log
	span Span
	over bool
}

// Begin tells that something begins, as part of other work or, when that is
// nil, of none.
func (l *Log) Begin(parent *Work, kind Kind, what string) *Work {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	return l.begin(parent, kind, what)
}

func (l *Log) begin(parent *Work, kind Kind, what string) *Work {
	s := l.shared
	s.ids++
	what = ansi.Clean(what)
	w := &Work{log: l, span: Span{ID: s.ids, Platform: l.prefix, Kind: kind, What: what, Begin: time.Since(s.began)}}
	if parent != nil {
		w.span.Parent = parent.span.ID
	}
	s.open = append(s.open, w)
	s.listen(Started{w.span})
	return w
}

// End tells that it is over.
func (w *Work) End() { w.finish(false) }

// Fail tells that it is over and came to nothing.
func (w *Work) Fail() { w.finish(true) }

func (w *Work) finish(failed bool) {
	if w == nil {
		return
	}
	w.log.shared.mu.Lock()
	defer w.log.shared.mu.Unlock()
	w.end(failed)
}

// end is End; what began as part of it and was not ended ends with it.
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

// Past tells of something when it is over already. Of the span, the log fills
// in ID, Parent, Platform, Begin and End.
func (l *Log) Past(parent *Work, span Span, begin, end time.Time) {
	s := l.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	span.ID, span.Platform, span.What = s.ids, l.prefix, ansi.Clean(span.What)
	span.Begin, span.End = begin.Sub(s.began), end.Sub(s.began)
	if parent != nil {
		span.Parent = parent.span.ID
	}
	s.listen(Ended{span})
}
