//go:build linux

package report

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/progress"
)

// screen returns what a terminal of this width shows: it interprets the sequences
// of a terminal report, and wraps long lines.
func screen(t *testing.T, text string, width int) []string {
	t.Helper()
	lines, row, col := [][]rune{nil}, 0, 0
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "\x1b[1A"):
			row, i = row-1, i+4
			if row < 0 {
				t.Fatalf("the cursor leaves the screen: %q", text[:i])
			}
		case strings.HasPrefix(rest, "\x1b[2K"):
			lines[row], i = nil, i+4
		case rest[0] == '\r':
			col, i = 0, i+1
		case rest[0] == '\n':
			if row, i = row+1, i+1; row == len(lines) {
				lines = append(lines, nil)
			}
		case rest[0] == 0x1b:
			i += strings.IndexByte(rest, 'm') + 1
		default:
			r := []rune(rest)[0]
			if col == width {
				col = 0
				if row++; row == len(lines) {
					lines = append(lines, nil)
				}
			}
			for len(lines[row]) <= col {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][col] = r
			col, i = col+1, i+len(string(r))
		}
	}
	var shown []string
	for _, line := range lines {
		shown = append(shown, strings.TrimRight(string(line), " "))
	}
	return shown
}

func onTerminal(width int, colour bool) (*logAndReport, *bytes.Buffer) {
	var out bytes.Buffer
	no := ""
	if !colour {
		no = "1"
	}
	log := tell(&out, Terminal, func(string) string { return no })
	log.report.writer.(*terminal).width = func() int { return width }
	return log, &out
}

func TestATerminalShowsWhatIsOverAndWhatGoesOn(t *testing.T) {
	for _, colour := range []bool{true, false} {
		log, out := onTerminal(60, colour)
		log.Step("copying the app", func() error { return nil })
		phase := log.Phase("building")
		log.Output("Armature Buildpack \x1b[2J\x1b]0;title\aone")
		log.Begin(phase, progress.Command, "npm ci "+strings.Repeat("x", 100))
		log.report.mu.Lock()
		going := screen(t, out.String(), 60)
		log.report.mu.Unlock()
		last := going[len(going)-1]
		if !strings.Contains(last, " building 0.") || !strings.Contains(last, "npm ci xxx") || len([]rune(last)) > 57 {
			t.Errorf("got %q", going)
		}
		log.EndPhase(false)
		log.Phase("exporting")
		log.Detail("Adding layer 'x'")
		log.Detail("WARNING: y")
		log.EndPhase(false)
		log.Close()
		if got := strings.Contains(out.String(), "\x1b[2m"); got != colour {
			t.Errorf("colours: got %v, want %v", got, colour)
		}
		got := strings.Join(screen(t, out.String(), 60), "\n")
		for _, clock := range []string{"0.0 s", "0.1 s"} {
			got = strings.ReplaceAll(got, clock, "T")
		}
		if want := "✔ copying the app T\n▸ building\n  Armature Buildpack one\n✔ building T\n▸ exporting\n  WARNING: y\n✔ exporting T\n"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestAPhaseThatFailsShowsItsDetails(t *testing.T) {
	log, out := onTerminal(60, false)
	log.Phase("detecting")
	log.Detail("fail: armature/node-engine")
	log.Close()
	if got := strings.Join(screen(t, out.String(), 60), "\n"); !strings.Contains(got, "  fail: armature/node-engine\n✘ detecting 0.") {
		t.Errorf("got\n%s", got)
	}
}

func TestNoRowIsLeftOverWhenAWindowBecomesNarrower(t *testing.T) {
	log, out := onTerminal(70, false)
	width := 70
	var mu sync.Mutex
	log.report.mu.Lock()
	log.report.writer.(*terminal).width = func() int { mu.Lock(); defer mu.Unlock(); return width }
	log.report.mu.Unlock()
	a, b := log.For("linux/amd64"), log.For("linux/arm64")
	a.Begin(a.Phase("building"), progress.Task, strings.Repeat("x", 100))
	b.Begin(b.Phase("building"), progress.Task, strings.Repeat("y", 100))
	log.report.mu.Lock()
	at := out.Len()
	mu.Lock()
	width = 30
	mu.Unlock()
	log.report.mu.Unlock()
	log.Close()
	// A terminal that became narrower shows each row as three.
	two := screen(t, out.String()[:at], 70)
	var reflowed strings.Builder
	for _, line := range two {
		for r := []rune(line); ; r = r[30:] {
			reflowed.WriteString(string(r[:min(30, len(r))]))
			if len(r) <= 30 {
				break
			}
			reflowed.WriteString("\r\n")
		}
		reflowed.WriteString("\r\n")
	}
	text := strings.TrimSuffix(reflowed.String(), "\r\n") + out.String()[at:]
	if got := strings.Join(screen(t, text, 30), "\n"); strings.Contains(got, "xx") || strings.Contains(got, "yy") || !strings.Contains(got, "✘ building") {
		t.Errorf("got\n%s", got)
	}
}

func TestCIAndDumbTerminalsGetPlainLines(t *testing.T) {
	terminal := openPTY(t)
	for _, tc := range []struct {
		env  map[string]string
		want Style
	}{
		{map[string]string{"TERM": "xterm"}, Terminal},
		{map[string]string{"TERM": "xterm", "CI": "false"}, Terminal},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, Terminal},
		{map[string]string{"TERM": "xterm", "CI": "true"}, Plain},
		{map[string]string{"TERM": "dumb"}, Plain},
		{map[string]string{}, Plain},
	} {
		if got := choose(terminal, func(name string) string { return tc.env[name] }); got != tc.want {
			t.Errorf("%v: got %s, want %s", tc.env, got, tc.want)
		}
	}
}

func openPTY(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no terminal: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}
