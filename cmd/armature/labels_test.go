//go:build linux

package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestLabelsBecomeAVariableThatAShellWouldReadTheSame(t *testing.T) {
	labels := map[string]string{"b": "two words", "a": "1", "c": `it's "$HOME" \n`, "d": "", "e.f/g-h_i": "https://x.example/y?z=1&a", "n": "two\nlines"}
	value := inVariable("own=1", labels)
	if !strings.HasPrefix(value, "own=1 a=1 b='two words' ") {
		t.Errorf("got %s", value)
	}
	out, err := exec.Command("sh", "-c", "printf '%s\\0' "+value).Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(words) != 1+len(labels) {
		t.Fatalf("got %q", words)
	}
	for _, word := range words[1:] {
		if name, got, _ := strings.Cut(word, "="); got != labels[name] {
			t.Errorf("%s: got %q, want %q", name, got, labels[name])
		}
	}
}

func TestLabelsThatCannotBe(t *testing.T) {
	for _, item := range []string{"a", "=b", "a b=c", "a'=b", "io.buildpacks.build.metadata=x", "-a=b", "ä=b", "a=\x00", "a=caf\xe9"} {
		f := &buildFlags{labels: list{item}}
		if _, _, err := f.readLabels(t.TempDir()); !errors.Is(err, &failure.Failure{ID: "label-invalid"}) {
			t.Errorf("--label %q: got %v", item, err)
		}
		f = &buildFlags{annotations: list{item}}
		if _, _, err := f.readLabels(t.TempDir()); !errors.Is(err, &failure.Failure{ID: "label-invalid"}) {
			t.Errorf("--annotation %q: got %v", item, err)
		}
	}
	f := &buildFlags{labels: list{"a=1", "a=2=3", "empty="}}
	if labels, annotations, err := f.readLabels("/nowhere"); err != nil || len(annotations) != 0 || len(labels) != 2 || labels["a"] != "2=3" {
		t.Errorf("got %v, %v, %v", labels, annotations, err)
	}
}

func TestLabelsOfGitGiveWayToThoseOfFlags(t *testing.T) {
	app := t.TempDir()
	commit := strings.Repeat("0123456789", 4)
	write(t, app+"/.git/HEAD", commit+"\n")
	write(t, app+"/.git/config", "[remote \"origin\"]\n\turl = https://user:token@x.example/y.git\n")
	f := &buildFlags{gitLabels: true, labels: list{sourceLabel + "=mine"}}
	labels, annotations, err := f.readLabels(app)
	if err != nil || labels[sourceLabel] != "mine" || labels[revisionLabel] != commit || annotations[sourceLabel] != "https://x.example/y.git" || annotations[revisionLabel] != commit {
		t.Errorf("got %v, %v, %v", labels, annotations, err)
	}
}

func TestTheTimeOfCreation(t *testing.T) {
	now := time.Unix(1764000000, 5)
	for _, tc := range []struct{ flag, epoch, want string }{
		{"", "", ""},
		{"now", "1", "1764000000"},
		{"1700000000", "1", "1700000000"},
		{"2026-01-31T12:00:00+01:00", "", "1769857200"},
		{"", "1700000000", "1700000000"},
		{"0", "", "0"},
		{"", "now", "error"}, {"", "2026-01-31T12:00:00Z", "error"}, {"", "1.5", "error"}, {"-1", "", "error"}, {"tomorrow", "", "error"},
		{"9999999999999", "", "error"}, {"1960-01-01T00:00:00Z", "", "error"}, {"9999-12-31T23:59:59-01:00", "", "error"},
	} {
		f := &buildFlags{creationTime: tc.flag}
		got, err := f.created(func(name string) (string, bool) {
			return map[string]string{"SOURCE_DATE_EPOCH": tc.epoch}[name], tc.epoch != ""
		}, now)
		if bad := errors.Is(err, &failure.Failure{ID: "creation-time-invalid"}); bad != (tc.want == "error") || !bad && (err != nil || got != tc.want) {
			t.Errorf("%q, %q: got %q, %v, want %q", tc.flag, tc.epoch, got, err, tc.want)
		}
	}
}
