// Package spans lets buildpacks report the durations of their work to a
// platform. A platform enables it with a file in its platform folder; otherwise
// nothing is printed. Spans go to the log, one per line, and not into layers.
package spans

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// File is the file in the platform folder that enables spans.
const File = "spans"

// mark starts every line, so that a platform can recognize and hide it: the
// record separator of JSON text sequences (RFC 7464).
const mark = "\x1e"

// The kinds of spans.
const (
	Task     = "task"
	Download = "download"
)

// Span is a completed part of the work.
type Span struct {
	Kind    string  `json:"kind"`
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes,omitempty"` // transferred; 0 if unknown
}

// Recorder records spans, and is safe for concurrent use. A nil Recorder
// records nothing.
type Recorder struct {
	mu  sync.Mutex
	out io.Writer
}

// New returns a Recorder, or nil if the platform does not enable spans. Each
// span is one call of the log's Write.
func New(platformDir string, log io.Writer) *Recorder {
	if _, err := os.Lstat(filepath.Join(platformDir, File)); err != nil {
		return nil
	}
	return &Recorder{out: log}
}

// Start starts a span; what it returns ends and records it.
func (r *Recorder) Start(kind, what string) func() {
	begin := time.Now()
	return func() { r.Record(Span{Kind: kind, What: what}, time.Since(begin)) }
}

// Record records a span that has just ended; took sets its Seconds.
func (r *Recorder) Record(span Span, took time.Duration) {
	if r == nil {
		return
	}
	span.Seconds = took.Seconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	if line, err := json.Marshal(span); err == nil {
		fmt.Fprintf(r.out, "%s%s\n", mark, line)
	}
}

// Limits of a span's fields.
const (
	maxWhat = 300
	maxTook = 24 * time.Hour
)

// Parse reads a line of the log. Any program that writes to the log can forge
// it, so use it for display only. It is false for a line that is no span.
func Parse(line string) (Span, bool) {
	var s Span
	text, found := strings.CutPrefix(line, mark)
	if !found || json.Unmarshal([]byte(text), &s) != nil {
		return Span{}, false
	}
	fits := s.What != "" && len(s.What) <= maxWhat && s.Bytes >= 0 && s.Seconds >= 0 && s.Seconds <= maxTook.Seconds()
	return s, fits && (s.Kind == Task || s.Kind == Download)
}
