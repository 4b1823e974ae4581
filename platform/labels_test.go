//go:build linux

package platform

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
	for _, one := range [][2]string{{"", "b"}, {"a b", "c"}, {"a'", "b"}, {"io.buildpacks.build.metadata", "x"}, {"-a", "b"}, {"ä", "b"}, {"a", "\x00"}, {"a", "caf\xe9"}} {
		all := map[string]string{one[0]: one[1]}
		for _, r := range []Request{{Labels: all}, {Annotations: all}} {
			if _, _, err := r.readLabels(); !errors.Is(err, &failure.Failure{ID: "label-invalid"}) {
				t.Errorf("%q: got %v", one, err)
			}
		}
		_, _, err := RebaseRequest{Image: "app", Builder: "b", Annotations: all}.read()
		if !errors.Is(err, &failure.Failure{ID: "label-invalid"}) {
			t.Errorf("%q: a rebase: got %v", one, err)
		}
	}
	r := Request{App: "/nowhere", Labels: map[string]string{"a": "2=3", "empty": ""}}
	if labels, annotations, err := r.readLabels(); err != nil || len(annotations) != 0 || len(labels) != 2 || labels["a"] != "2=3" {
		t.Errorf("got %v, %v, %v", labels, annotations, err)
	}
}

func TestLabelsOfGitGiveWayToThoseOfTheRequest(t *testing.T) {
	app := t.TempDir()
	commit := strings.Repeat("0123456789", 4)
	write(t, app+"/.git/HEAD", commit+"\n")
	write(t, app+"/.git/config", "[remote \"origin\"]\n\turl = https://user:token@x.example/y.git\n")
	r := Request{App: app, GitLabels: true, Labels: map[string]string{sourceLabel: "mine"}}
	labels, annotations, err := r.readLabels()
	if err != nil || labels[sourceLabel] != "mine" || labels[revisionLabel] != commit || annotations[sourceLabel] != "https://x.example/y.git" || annotations[revisionLabel] != commit {
		t.Errorf("got %v, %v, %v", labels, annotations, err)
	}
	if len(r.Labels) != 1 {
		t.Errorf("the request is changed: %v", r.Labels)
	}
}

func TestATimeOfCreationIsOneThatAConfigurationCanHave(t *testing.T) {
	for _, tc := range []struct {
		at   time.Time
		want string // "error" for none
	}{
		{time.Time{}, ""}, {time.Unix(0, 0), "0"}, {time.Unix(1700000000, 5), "1700000000"}, {time.Unix(-1, 0), "error"}, {time.Unix(latest+1, 0), "error"},
	} {
		got, err := epoch(tc.at)
		if bad := errors.Is(err, &failure.Failure{ID: "creation-time-invalid"}); bad != (tc.want == "error") || !bad && got != tc.want {
			t.Errorf("%s: got %q, %v, want %q", tc.at, got, err, tc.want)
		}
	}
}
