//go:build linux

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
)

// logAndReport is a build's log with its report.
type logAndReport struct {
	*progress.Log
	report *Report
}

func tell(out io.Writer, style Style, getenv func(string) string) *logAndReport {
	r := New(out, style, getenv)
	return &logAndReport{progress.New(r.Event), r}
}

// Close ends both.
func (t *logAndReport) Close() {
	t.Log.Close()
	t.report.Close()
}

func none(string) string { return "" }

// events parses every line of style JSON, and fails for an invalid event.
func events(t *testing.T, text string) (all []Line) {
	t.Helper()
	for line := range strings.Lines(text) {
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		var event Line
		if err := decoder.Decode(&event); err != nil || event.Event == "" {
			t.Fatalf("%q: got %+v, %v", line, event, err)
		}
		all = append(all, event)
	}
	return all
}

func TestEveryLineOfJSONIsAnEvent(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, JSON, none)
	var all sync.WaitGroup
	for _, platform := range []string{"linux/arm64", "linux/amd64"} {
		one := log.For(platform)
		all.Go(func() {
			one.Note("begin")
			phase := one.Phase("building")
			one.Output("a \"quoted\" line \x1b[31m\xff</script>")
			one.Detail("another")
			inner := one.Begin(phase, progress.Command, "npm ci")
			one.Past(inner, progress.Span{Kind: progress.Download, What: "x.tgz", Bytes: 7, Reused: true}, time.Now(), time.Now().Add(time.Second))
			inner.End()
			one.Phase("exporting")
			one.EndPhase(false)
		})
	}
	all.Wait()
	log.Image("app@sha256:1")
	log.Close()
	if !log.report.Failure(&failure.Failure{ID: "build-failed", Cause: "x\ny"}) {
		t.Error("the failure was not told")
	}
	counts := map[string]int{}
	for _, event := range events(t, out.String()) {
		counts[event.Event+" "+event.Platform]++
		if event.Kind == progress.Download && (event.Bytes != 7 || !event.Reused || event.Seconds != 1 || event.Parent == 0 || event.Span == 0) {
			t.Errorf("got %+v", event)
		}
	}
	for what, want := range map[string]int{"note linux/arm64": 1, "start linux/amd64": 3, "end linux/arm64": 4, "output linux/amd64": 2, "image ": 1, "failure ": 1} {
		if counts[what] != want {
			t.Errorf("%s: got %d, want %d", what, counts[what], want)
		}
	}
	if spans := log.report.Spans(); len(spans) != 8 {
		t.Errorf("got %v", spans)
	}
}

func TestQuietSaysNothingAndMeasures(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, Quiet, none)
	if err := log.Step("copying", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	log.Output("x")
	log.Close()
	if out.Len() != 0 || len(log.report.Spans()) != 1 || log.report.Failure(errors.New("x")) {
		t.Errorf("got %q, %v", &out, log.report.Spans())
	}
}

func TestQuietExplainsThePhaseThatFailed(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, Quiet, none)
	one, other := log.For("linux/arm64"), log.For("linux/amd64")
	one.Phase("detecting")
	one.Output("of the phase before")
	other.Phase("building")
	other.Output("of another target")
	one.Phase("building")
	for i := range 600 {
		one.Detail(fmt.Sprint(i))
	}
	one.Output("npm error")
	one.EndPhase(true)
	one.Explain()
	one.Explain() // once only
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 500 || lines[0] != "[linux/arm64] 101" || lines[499] != "[linux/arm64] npm error" {
		t.Errorf("got %d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestAStepThatFailsHasNoEndInPlainLinesAndASpan(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, Plain, none)
	bad := errors.New("no")
	if err := log.Step("copying", func() error { return bad }); err != bad {
		t.Errorf("got %v", err)
	}
	if out.String() != "  copying ...\n" {
		t.Errorf("got %q", &out)
	}
	if spans := log.report.Spans(); len(spans) != 1 || !spans[0].Failed {
		t.Errorf("got %+v", spans)
	}
}

func TestNoTerminalMeansPlainLines(t *testing.T) {
	var out bytes.Buffer
	log := tell(&out, Auto, func(name string) string { return map[string]string{"TERM": "xterm"}[name] })
	log.Phase("building")
	log.Close()
	if got := out.String(); !strings.HasPrefix(got, "===> building\n") || strings.Contains(got, "\x1b") {
		t.Errorf("got %q", got)
	}
}
