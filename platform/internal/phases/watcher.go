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
)

// watcher passes on what the lifecycle prints, line by line, and notes in
// which phase it is, and what it is at.
type watcher struct {
	log   *progress.Log
	steps steps

	name  string            // of the image, as the user called it
	names *strings.Replacer // from names in the build's own registry to those people know

	// Both are called whenever it happens, and must not be nil.
	running func() // a buildpack runs a command
	layered func() // the buildpacks have made their layers

	waits bool // phases of waiting are announced, too

	mu      sync.Mutex
	phase   string // "ANALYZING"
	last    string // phase of the lifecycle, among phases
	full    bool   // somebody said that there is no space left
	short   lastShortage
	streams []*lines
	said    said
}

// phasePrefix is how the lifecycle announces a phase.
const phasePrefix = "===> "

// The phases there are (lifecycle 0.21, cmd/lifecycle/creator.go), and the one
// that armature puts in between.
const (
	building  = "BUILDING"
	exporting = "EXPORTING"
	waiting   = "WAITING"
)

var phases = []string{"ANALYZING", "DETECTING", "RESTORING", building, exporting}

// imagesLine is how it begins to list what it has written.
const imagesLine = "*** Images ("

func newWatcher(log *progress.Log, name string, titles map[string]bool) *watcher {
	return &watcher{log: log, name: name, steps: steps{log: log, titles: titles}, running: func() {}, layered: func() {}}
}

// announced is the phase that a line announces, or "". Scripts of the app can
// print such lines, too: none but those of the lifecycle are taken, and none
// twice or out of turn.
func (w *watcher) announced(text string) string {
	phase, ok := strings.CutPrefix(text, phasePrefix)
	if !ok {
		return ""
	}
	if phase == waiting && w.waits || slices.Index(phases, phase) > slices.Index(phases, w.last) {
		return phase
	}
	return ""
}

// asked is to be called when the lifecycle asks its registry for something. It
// does so before the buildpacks run and, next, when it exports what they made:
// the app's scripts, which run in between, can print what they like, and do not
// bring that about.
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
		if w.phase = phase; phase != waiting {
			w.last = phase
		}
		if phase != exporting { // which a script could have printed
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
	if w.steps.told(text) {
		return
	}
	w.said.add(text)
	w.steps.line(text)
	if w.steps.command != nil {
		w.running()
	}
	// The digest that the lifecycle tells is not yet the image's.
	if strings.HasPrefix(text, imagesLine) || strings.TrimSpace(text) == w.name {
		return
	}
	if w.steps.chatters() {
		w.log.Detail(text)
	} else {
		w.log.Output(text)
	}
}

// stream is one of the lifecycle's outputs.
func (w *watcher) stream() io.Writer {
	l := &lines{line: w.line}
	w.streams = append(w.streams, l)
	return l
}

// end passes on what was not ended by a line's end, and says whether the
// lifecycle failed.
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

// maxLine is how many bytes of a line are passed on at once.
const maxLine = 64 << 10

// lines calls line for every line that is written to it.
type lines struct {
	rest []byte
	line func(string)
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found && len(l.rest) >= maxLine { // nobody's memory holds a line without an end
			line, rest, found = l.rest[:maxLine], l.rest[maxLine:], true
		}
		if !found {
			return len(p), nil
		}
		l.line(strings.TrimSuffix(string(line), "\r"))
		l.rest = append([]byte{}, rest...)
	}
}
