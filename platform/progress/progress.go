//go:build linux

// Package progress tells people and programs how a build goes, and measures
// what takes how long.
package progress

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

// Style is how it is told.
type Style string

// The styles there are.
const (
	Auto     Style = "auto"     // Terminal where that is one, or else Plain
	Terminal Style = "terminal" // lines for people, with a clock below
	Plain    Style = "plain"    // lines for people
	JSON     Style = "json"     // one object a line
	Quiet    Style = "quiet"    // nothing, but why a phase failed
)

// Styles are those that people may ask for.
func Styles() []Style { return []Style{Auto, Terminal, Plain, JSON} }

// Log tells what happens, in order. Logs that one was made of share its output
// and may be used at once; each tells one phase at a time. Close the first.
type Log struct {
	shared *shared
	prefix string // the platform of one of several
	phase  *Work
}

type shared struct {
	mu    sync.Mutex
	began time.Time
	told  teller
	ids   int
	open  []*Work
	spans []Span
}

// teller writes what is told, in one style. It is called by one at a time.
type teller interface {
	begin(l *Log, span Span)
	end(l *Log, span Span)
	note(l *Log, text string)
	output(l *Log, text string)
	detail(l *Log, text string)
	failure(l *Log, id, text string)
	image(l *Log, text string)
}

// New is a log that writes to out. The environment says what Auto is, and
// whether there are colours.
func New(out io.Writer, style Style, getenv func(string) string) *Log {
	s := &shared{began: time.Now()}
	if style == Auto {
		style = choose(out, getenv)
	}
	switch style {
	case Terminal:
		s.told = newTerminal(s, out, getenv("NO_COLOR") == "")
	case JSON:
		s.told = &jsonLines{shared: s, out: out}
	case Quiet:
		s.told = &untold{out: out, lines: map[*Log][]string{}}
	default:
		s.told = &plain{out: out}
	}
	return &Log{shared: s}
}

// choose says which style there is for an output: a CI system's log is no
// terminal even where it looks like one.
func choose(out io.Writer, getenv func(string) string) Style {
	file, ok := out.(*os.File)
	ci := getenv("CI")
	if !ok || getenv("TERM") == "" || getenv("TERM") == "dumb" || ci != "" && ci != "false" && ci != "0" {
		return Plain
	}
	if _, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err != nil {
		return Plain
	}
	return Terminal
}

// For is a log for one platform of several.
func (l *Log) For(platform string) *Log { return &Log{shared: l.shared, prefix: platform} }

// Close ends the log: what has not ended has failed. Nothing but Failure may be
// told afterwards. Only the first call does something.
func (l *Log) Close() {
	s := l.shared
	s.mu.Lock()
	for len(s.open) > 0 {
		s.open[0].end(true)
	}
	t, ok := s.told.(*terminal)
	if ok {
		s.told = quiet{}
	}
	s.mu.Unlock()
	if ok {
		t.close()
	}
}

// Note tells a fact, in one line: the lines of a failure become sentences.
func (l *Log) Note(text string) {
	text = sentences(text)
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.told.note(l, text)
}

// Output passes on a line of what runs.
func (l *Log) Output(text string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.told.output(l, text)
}

// Detail passes on a line that people with a terminal need only when the phase
// fails. Elsewhere it is Output.
func (l *Log) Detail(text string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.told.detail(l, text)
}

// Explain passes on what the last phase printed, if its style did not.
func (l *Log) Explain() {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	if u, ok := l.shared.told.(*untold); ok {
		u.tell(l)
	}
}

// Failure tells why there is no image, where that is told in the log's style,
// and says whether it did. People are told elsewhere.
func (l *Log) Failure(err error) bool {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	if _, ok := l.shared.told.(*jsonLines); !ok {
		return false
	}
	id := "internal"
	var f *failure.Failure
	if errors.As(err, &f) {
		id = f.ID
	}
	l.shared.told.failure(l, id, err.Error())
	return true
}

// Image tells programs which image there is. People are told elsewhere.
func (l *Log) Image(found string) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	l.shared.told.image(l, found)
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

// phaseName is the phase that the log is in, or empty.
func (l *Log) phaseName() string {
	if l.phase == nil {
		return ""
	}
	return l.phase.span.What
}

// major says whether people are told of it in a line of its own.
func (k Kind) major() bool { return k == Step || k == Phase }
