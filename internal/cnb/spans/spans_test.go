package spans_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/spans"
)

func TestNothingIsReportedUnlessEnabled(t *testing.T) {
	var log bytes.Buffer
	recorder := spans.New(t.TempDir(), &log)
	recorder.Start(spans.Task, "unpacking")()
	recorder.Record(spans.Span{Kind: spans.Download, What: "x"}, time.Second)
	if log.Len() != 0 {
		t.Errorf("got %q", &log)
	}
}

func TestParseReadsWhatIsRecorded(t *testing.T) {
	platform := t.TempDir()
	if err := os.WriteFile(filepath.Join(platform, spans.File), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	recorder := spans.New(platform, &log)
	recorder.Start(spans.Task, "two\nlines")()
	recorder.Record(spans.Span{Kind: spans.Download, What: "x.tgz", Bytes: 5}, 1500*time.Millisecond)
	lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %q, want a line for each", lines)
	}
	if got, ok := spans.Parse(lines[0]); !ok || got.Kind != spans.Task || got.What != "two\nlines" || got.Seconds > 60 {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := spans.Parse(lines[1]); !ok || got != (spans.Span{Kind: spans.Download, What: "x.tgz", Bytes: 5, Seconds: 1.5}) {
		t.Errorf("got %+v, %v", got, ok)
	}
}

func TestOtherLinesAreNoSpans(t *testing.T) {
	for name, line := range map[string]string{
		"a line of the log":   "  Installing Node.js",
		"without the mark":    `{"kind":"task","what":"x","seconds":1}`,
		"no JSON":             "\x1ex",
		"a kind that is none": "\x1e" + `{"kind":"phase","what":"x","seconds":1}`,
		"before the build":    "\x1e" + `{"kind":"task","what":"x","seconds":1e9}`,
		"after it":            "\x1e" + `{"kind":"task","what":"x","seconds":-1}`,
		"negative bytes":      "\x1e" + `{"kind":"task","what":"x","bytes":-1}`,
		"no name":             "\x1e" + `{"kind":"task","seconds":1}`,
		"a name without end":  "\x1e" + `{"kind":"task","what":"` + strings.Repeat("x", 301) + `"}`,
	} {
		if got, ok := spans.Parse(line); ok {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
