//go:build linux

package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/progress"
)

// nasty is output with which a script could control a terminal: set its title,
// fill the clipboard, clear the screen, in every notation.
const nasty = "\x1b]0;owned\a\x1b]52;c;b3duZWQ=\x1b\\\u009d52;c;b3duZWQ=\u009c\x1b[2J\u009b2J\x1bPx\x1b\\\x1bc\b\x07\u202e\r"

// harmless matches the allowed control sequences: colours, and armature's own
// cursor movements.
var harmless = regexp.MustCompile(`\x1b\[[0-9;]*m|\r\x1b\[2K|\x1b\[1A|\r\n|\n`)

func TestNothingThatIsToldReachesATerminalUncleaned(t *testing.T) {
	for _, style := range []Style{Terminal, Plain, Quiet, JSON} {
		var out bytes.Buffer
		log := tell(&out, style, func(string) string { return "" })
		one := log.Log.For("linux/arm64")
		phase := one.Phase("phase" + nasty)
		one.Output("output" + nasty)
		one.Detail("detail" + nasty)
		one.Note("note" + nasty)
		one.Begin(phase, progress.Task, "task"+nasty)
		one.Past(phase, progress.Span{Kind: progress.Step, What: "past" + nasty}, time.Now(), time.Now())
		one.Begin(nil, progress.Step, "step"+nasty)
		time.Sleep(3 * tick) // rows are drawn
		one.EndPhase(true)
		one.Explain()
		log.report.Failure(&silly{"failure" + nasty})
		log.Close()
		got := harmless.ReplaceAllString(out.String(), "")
		for _, r := range got {
			if r < ' ' || r >= 0x7f && r < 0xa0 || style != JSON && r == '\u202e' {
				t.Errorf("%s: %U is in\n%q", style, r, out.String())
				break
			}
		}
		if style == JSON {
			for text := range strings.Lines(out.String()) {
				var line Line
				if err := json.Unmarshal([]byte(text), &line); err != nil {
					t.Errorf("%q: %v", text, err)
				}
			}
		}
		for _, span := range log.report.Spans() {
			if span.What != ansi.Clean(span.What) {
				t.Errorf("%s: a span is called %q", style, span.What)
			}
		}
	}
}

type silly struct{ text string }

func (s *silly) Error() string { return s.text }

func TestPlainLinesKeepColoursToTheirEnd(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, Plain, func(string) string { return "" })
	log.Output("\x1b[31mred\x1b[2J")
	log.Output("10 %\r100 %")
	log.Output("grüße\ttab")
	if got, want := out.String(), "\x1b[31mred\x1b[0m\n100 %\ngrüße\ttab\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
