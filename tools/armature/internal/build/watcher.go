//go:build linux

package build

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"syscall"

	"github.com/armature-cnb/armature/tools/armature/internal/progress"
)

// watcher passes on what the lifecycle prints, line by line, and notes in
// which phase it is, and what it is at.
type watcher struct {
	log   *progress.Log
	steps steps

	name  string            // of the image, as the user called it
	names *strings.Replacer // from names in the build's own registry to those people know

	// Both are called whenever it happens, and must not be nil.
	running   func() // a buildpack runs a command
	exporting func() // that phase begins

	mu        sync.Mutex
	phase     string // "ANALYZING"
	transient bool   // a buildpack said that its failure may pass
	full      bool   // somebody said that there is no space left
	short     lastShortage
	streams   []*lines
}

// phasePrefix is how the lifecycle announces a phase.
const phasePrefix = "===> "

// exporting is the phase after the buildpacks have made their layers.
const exporting = "EXPORTING"

// imagesLine is how it begins to list what it has written.
const imagesLine = "*** Images ("

// transientLine is how it prints a buildpack's status 75 (package exit).
const transientLine = "failed to build: exit status 75"

func newWatcher(log *progress.Log, name string, titles map[string]bool) *watcher {
	return &watcher{log: log, name: name, steps: steps{log: log, titles: titles}, running: func() {}, exporting: func() {}}
}

func (w *watcher) line(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if phase, ok := strings.CutPrefix(text, phasePrefix); ok {
		w.phase = phase
		w.steps.enter(strings.ToLower(phase))
		if phase == exporting {
			w.exporting()
		}
		return
	}
	if strings.Contains(text, syscall.ENOSPC.Error()) {
		w.full = true
	}
	w.short.look(text)
	if strings.Contains(text, transientLine) {
		w.transient = true
	}
	if w.names != nil {
		text = w.names.Replace(text)
	}
	if w.steps.told(text) {
		return
	}
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
