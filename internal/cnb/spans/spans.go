// Package spans lets buildpacks tell a platform how long the parts of their
// work took. A platform asks for it with a file in its platform folder; without
// that nothing is printed. What is told goes to the log alone, a line for each
// part, and into no layer.
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

// File is the file of the platform folder by which a platform asks.
const File = "spans"

// mark begins every line, so that a platform can tell it from others and keep
// it from people: the record separator of JSON text sequences (RFC 7464).
const mark = "\x1e"

// The kinds of spans.
const (
	Task     = "task"
	Download = "download"
)

// Span is a part of the work that is over when it is told.
type Span struct {
	Kind    string  `json:"kind"`
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes,omitempty"` // that were moved; 0 where nobody knows
}

// Recorder records spans, of several goroutines at once. A nil Recorder records nothing.
type Recorder struct {
	mu  sync.Mutex
	out io.Writer
}

// New is a Recorder for the platform whose folder this is, or nil when it does
// not ask. Each span is one call of the log's Write.
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

// Record records a span that has just ended; of it, took becomes Seconds.
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

// The most that is taken of what a line says.
const (
	maxWhat = 300
	maxTook = 24 * time.Hour
)

// Parse reads a line of the log. Whoever prints to the log can have written it:
// it is only ever good for showing. Anything else than a span is false.
func Parse(line string) (Span, bool) {
	var s Span
	text, found := strings.CutPrefix(line, mark)
	if !found || json.Unmarshal([]byte(text), &s) != nil {
		return Span{}, false
	}
	fits := s.What != "" && len(s.What) <= maxWhat && s.Bytes >= 0 && s.Seconds >= 0 && s.Seconds <= maxTook.Seconds()
	return s, fits && (s.Kind == Task || s.Kind == Download)
}
