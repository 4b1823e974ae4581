//go:build linux

package phases

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
)

// watcher passes on the lifecycle's output line by line, and tracks its phase and
// step.
type watcher struct {
	log   *progress.Log
	steps steps

	name  string            // the image's name, as the user gave it
	names *strings.Replacer // from the build registry's names to public ones

	// These two are called at every occurrence, and must not be nil.
	running func() // a buildpack runs a command
	layered func() // the buildpacks have made their layers

	detected func() // called once after detection; nil for nothing

	waits bool // waiting is a phase, too

	mu      sync.Mutex
	phase   string // "ANALYZING"
	last    string // phase of the lifecycle, in phases
	full    bool   // a line reported that no space is left
	short   lastShortage
	streams []*lines
	said    said
}

// The phases (lifecycle 0.21, cmd/lifecycle/creator.go), and armature's own
// between them.
const (
	detecting = "DETECTING"
	building  = "BUILDING"
	exporting = "EXPORTING"
	waiting   = "WAITING"
)

var phases = []string{"ANALYZING", detecting, "RESTORING", building, exporting}

func newWatcher(log *progress.Log, name string, titles map[string]bool) *watcher {
	return &watcher{log: log, name: name, steps: steps{log: log, titles: titles}, running: func() {}, layered: func() {}}
}

// announced returns the phase that a line announces, or "". Scripts of the app
// can print such lines, too: only the lifecycle's phases count, each once and in
// order.
func (w *watcher) announced(text string) string {
	phase, ok := buildlog.Phase(text)
	if !ok {
		return ""
	}
	if phase == waiting && w.waits || slices.Index(phases, phase) > slices.Index(phases, w.last) {
		return phase
	}
	return ""
}

// asked is called when the lifecycle sends a request to its registry. It does so
// before the buildpacks run and, next, when it exports their layers: unlike a
// line of output, the app's scripts, which run in between, cannot cause that
// call.
func (w *watcher) asked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == building || w.last == exporting {
		w.layered()
	}
}

func (w *watcher) line(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if phase := w.announced(text); phase != "" {
		if w.last == detecting && w.detected != nil {
			w.detected()
		}
		if w.phase = phase; phase != waiting {
			w.last = phase
		}
		if phase != exporting { // a script could have printed that
			w.said = said{}
		}
		w.steps.enter(strings.ToLower(phase))
		return
	}
	if strings.Contains(text, syscall.ENOSPC.Error()) {
		w.full = true
	}
	w.short.look(text)
	if w.names != nil {
		text = w.names.Replace(text)
	}
	if w.steps.reported(text) {
		return
	}
	w.said.add(text)
	w.steps.line(text)
	if w.steps.command != nil {
		w.running()
	}
	// The lifecycle's digest is not the final one.
	if buildlog.ParseExport(text).Kind == buildlog.Images || strings.TrimSpace(text) == w.name {
		return
	}
	if w.steps.isLifecycle() {
		w.log.Detail(text)
	} else {
		w.log.Output(text)
	}
}

// stream returns a writer for one of the lifecycle's outputs.
func (w *watcher) stream() io.Writer {
	l := &lines{line: w.line}
	w.streams = append(w.streams, l)
	return l
}

// end passes on an unfinished last line, and records whether the lifecycle
// failed.
func (w *watcher) end(failed bool) {
	for _, stream := range w.streams {
		if len(stream.rest) > 0 {
			w.line(string(stream.rest))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps.leave(failed)
}

// maxLine is the length in bytes at which a line is split.
const maxLine = 64 << 10

// lines calls line for every line written to it.
type lines struct {
	rest []byte
	line func(string)
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found && len(l.rest) >= maxLine { // bound the memory for a line without an end
			line, rest, found = l.rest[:maxLine], l.rest[maxLine:], true
		}
		if !found {
			return len(p), nil
		}
		l.line(strings.TrimSuffix(string(line), "\r"))
		l.rest = append([]byte{}, rest...)
	}
}
