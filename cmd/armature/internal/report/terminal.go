//go:build linux

package report

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform"
)

// terminal writes finished work as lines, and below them one row for each platform
// with the current work and its duration. Only these rows are ever erased: however
// armature ends, at most they are left over. Output is printed at once, dim;
// details only when their phase fails.
type terminal struct {
	quiet
	report *Report
	out    io.Writer
	colour bool
	stop   chan struct{}
	done   chan struct{}

	drawn  []int            // widths of the current rows
	turn   int              // the spinner's state
	headed map[int]bool     // phases whose heading was printed, by span
	held   map[int][]string // lines of phases that have not failed, by span
	width  func() int       // of the terminal, in cells
	buf    strings.Builder
}

// tick is the interval of redrawing.
const tick = 100 * time.Millisecond

// SGR sequences (ECMA-48, 8.3.117).
const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func newTerminal(r *Report, out io.Writer, colour bool) *terminal {
	t := &terminal{report: r, out: out, colour: colour, stop: make(chan struct{}), done: make(chan struct{}), headed: map[int]bool{}, held: map[int][]string{}, width: func() int { return columns(out) }}
	go t.run()
	return t
}

// columns returns a terminal's width, or 80 if unknown.
func columns(out io.Writer) int {
	if file, ok := out.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
			return int(size.Col)
		}
	}
	return 80
}

func (t *terminal) run() {
	defer close(t.done)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-ticker.C:
			t.report.mu.Lock()
			if t.report.writer == eventWriter(t) {
				t.turn++
				t.erase()
				t.draw()
			}
			t.report.mu.Unlock()
		}
	}
}

func (t *terminal) close() {
	close(t.stop)
	<-t.done
	t.erase()
	t.flush()
}

func (t *terminal) begin(platform.Span) {
	t.erase()
	t.draw()
}

func (t *terminal) end(span platform.Span) {
	if !major(span.Kind) {
		return
	}
	held := t.held[span.ID]
	delete(t.held, span.ID)
	mark, colour := "✔", green
	if span.Failed {
		for _, text := range held {
			t.show(span, text)
		}
		mark, colour = "✘", red
	}
	t.line(span.Where(), t.paint(colour, mark)+" "+span.What+t.paint(dim, " "+clock(span.Took())))
}

func (t *terminal) note(note platform.Note) {
	t.line(progress.Where(note.Project, note.Platform), "  "+ansi.Clean(note.Text))
}

// project prints the error of a project.
func (t *terminal) project(ended platform.ProjectEnded) {
	for _, text := range linesOf(ended.Err) {
		t.line(ended.Project, t.paint(red, text))
	}
}

func (t *terminal) planned(plan platform.Planned) {
	for _, line := range decisions.Short(plan.Decisions) {
		t.line(progress.Where(plan.Project, plan.Platform), "  "+ansi.Clean(line))
	}
}

// Lines that must be noticed.
var (
	warning = regexp.MustCompile(`^\s*(WARNING|Warning|npm warn)\b`)
	fault   = regexp.MustCompile(`^\s*(ERROR\b|npm error|\[[a-z0-9-]+\] )`)
)

func (t *terminal) output(line platform.Output) {
	text := ansi.Clean(line.Text)
	if held := line.Phase.ID; line.Detail && held != 0 && !warning.MatchString(text) && !fault.MatchString(text) {
		t.held[held] = last(mostHeld, t.held[held], line.Text)
		return
	}
	phase := line.Phase
	phase.Project, phase.Platform = line.Project, line.Platform // it may have no phase
	t.show(phase, line.Text)
}

// mostHeld is the number of a phase's lines that are kept in case it fails.
const mostHeld = 200

// show prints a line of a phase, after a heading if it is the first.
func (t *terminal) show(phase platform.Span, text string) {
	if phase.ID != 0 && !t.headed[phase.ID] {
		t.headed[phase.ID] = true
		t.line(phase.Where(), t.paint(cyan, "▸")+" "+phase.What)
	}
	text = ansi.Clean(text)
	switch {
	case warning.MatchString(text):
		text = t.paint(yellow, text)
	case fault.MatchString(text):
		text = t.paint(red, text)
	case text != "":
		text = t.paint(dim, text)
	}
	t.line(phase.Where(), "  "+text)
}

func (t *terminal) line(where, text string) {
	if where != "" {
		text = t.paint(dim, "["+where+"]") + " " + text
	}
	t.erase()
	t.buf.WriteString(strings.TrimRight(text, " ") + "\r\n")
	t.draw()
}

// erase removes the rows. After the window became narrower, a row takes several
// lines.
func (t *terminal) erase() {
	width, lines := max(t.width(), 1), 0
	for _, cells := range t.drawn {
		lines += max((cells+width-1)/width, 1)
	}
	for i := range lines {
		if i > 0 {
			t.buf.WriteString("\x1b[1A")
		}
		t.buf.WriteString("\r\x1b[2K")
	}
	t.drawn = t.drawn[:0]
}

// draw prints a row for each log with current work.
func (t *terminal) draw() {
	for i, row := range t.rows() {
		if i > 0 {
			t.buf.WriteString("\r\n")
		}
		cut, cells := fit(row, t.width()-1-len("^C")) // "^C" is echoed by the terminal
		t.buf.WriteString(cut)
		t.drawn = append(t.drawn, cells)
	}
	t.flush()
}

func (t *terminal) flush() {
	if t.buf.Len() > 0 {
		io.WriteString(t.out, t.buf.String())
		t.buf.Reset()
	}
}

// rows describes each project's and platform's current work: the phase or step, and the newest of
// the innermost spans in it.
func (t *terminal) rows() []string {
	now := time.Since(t.report.began)
	var order []string
	outer, inner := map[string]platform.Span{}, map[string]platform.Span{}
	for _, span := range t.report.open {
		at := span.Where()
		if major(span.Kind) {
			if _, found := outer[at]; !found {
				order = append(order, at)
			}
			outer[at] = span
			delete(inner, at)
		} else {
			inner[at] = span
		}
	}
	slices.Sort(order)
	var rows []string
	for _, at := range order {
		row := string(spinner[t.turn%len(spinner)]) + " "
		if at != "" {
			row += "[" + at + "] "
		}
		row += outer[at].What + " " + clock(now-outer[at].Begin)
		if span, found := inner[at]; found {
			row += " · " + ansi.Clean(span.What) + " " + clock(now-span.Begin)
		}
		rows = append(rows, row)
	}
	return rows
}

func (t *terminal) paint(with, text string) string {
	if !t.colour || text == "" {
		return text
	}
	return with + text + ansi.Normal
}

func clock(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// fit cuts a text to this number of cells, and returns how many it takes. Ambiguous
// widths count as wide.
func fit(text string, cells int) (string, int) {
	used := 0
	for i, r := range text {
		w := 1
		if r >= 0x1100 && (r < 0x2000 || r > 0x28ff) {
			w = 2
		}
		if used+w > cells {
			return text[:i], used
		}
		used += w
	}
	return text, used
}
