//go:build linux

package platform

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestTargetsAreBuiltInOneOrderEachOnce(t *testing.T) {
	arm, amd := targets.LinuxARM64, targets.LinuxAMD64
	for _, tc := range []struct{ asked, want []Target }{
		{nil, []Target{arm}}, {[]Target{amd}, []Target{amd}}, {[]Target{amd, arm, amd}, []Target{arm, amd}},
	} {
		if got, err := sortTargets(tc.asked); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%v: got %v, %v, want %v", tc.asked, got, err, tc.want)
		}
	}
	if _, err := sortTargets([]Target{{OS: "linux", Arch: "riscv64"}}); !errors.Is(err, &failure.Failure{ID: "unsupported-target"}) {
		t.Errorf("got %v", err)
	}
}

// Invalid requests fail before anything is made.
func TestRequestsThatCannotBe(t *testing.T) {
	odd := Target{OS: "linux", Arch: "riscv64"}
	for _, tc := range []struct {
		request Request
		want    string
	}{
		{Request{}, "[image-name] "},
		{Request{Image: "app", Network: "bridge"}, `Network is "bridge", want "host" or "none"`},
		{Request{Image: "app", Compression: "zstd"}, `Compression is "zstd", want "fast" or "small"`},
		{Request{Image: "app", Emulate: true, Host: targets.LinuxAMD64}, "want one of them"},
		{Request{Image: "app", Output: "zip:x"}, "[output-unknown] "},
		{Request{Image: "app", Targets: []Target{odd}}, "[unsupported-target] "},
		{Request{Image: "app", Builder: "b", Host: odd}, "[unsupported-target] "},
		{Request{Image: "app"}, "[no-builder] "},
		{Request{Image: "app", Builder: "b"}, "[no-cache-dir] "}, // no environment names it
	} {
		tc.request.App = t.TempDir()
		if _, err := Build(t.Context(), tc.request); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %v, want %s", tc.request, err, tc.want)
		}
	}
	if _, err := Rebase(t.Context(), RebaseRequest{Image: "app"}); !errors.Is(err, &failure.Failure{ID: "no-builder"}) {
		t.Errorf("a rebase: got %v", err)
	}
	if _, err := Run(t.Context(), RunRequest{Image: "app", Network: "bridge"}); err == nil || !strings.Contains(err.Error(), "bridge") {
		t.Errorf("a run: got %v", err)
	}
}

func TestErrorsOfThisMachineAreFailures(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string // id; "" for an unchanged error
	}{
		{fmt.Errorf("writing: %w", syscall.ENOSPC), "disk-full"},
		{fmt.Errorf("writing: %w", syscall.EROFS), "cache-dir-unusable"},
		{os.ErrPermission, "not-permitted"},
		{fmt.Errorf("starting: %w", sandbox.ErrTooLong), "environment-too-large"},
		{fmt.Errorf("starting: %w", sandbox.ErrLimit), "no-sandbox"},
		{fmt.Errorf("x: %w", &Failure{ID: "own", Err: syscall.ENOSPC}), "own"},
		{errors.New("x"), ""},
	} {
		got := Explain(tc.err)
		if tc.want == "" && got != tc.err || tc.want != "" && !errors.Is(got, &Failure{ID: tc.want}) {
			t.Errorf("%v: got %v, want %s", tc.err, got, tc.want)
		}
	}
	if err := Explain(nil); err != nil {
		t.Errorf("got %v", err)
	}
}

// A written image is reported before the folders of its builds are removed,
// whatever the result of that; an unwritten one is not. The folders are always
// removed.
func TestTheImageIsToldWhenItIsThere(t *testing.T) {
	bad, busy := errors.New("no"), errors.New("device or resource busy")
	for _, tc := range []struct{ failed, left error }{{nil, nil}, {nil, busy}, {bad, nil}, {bad, busy}} {
		var told []string
		step := false
		j := &job{log: progress.New(func(event Event) {
			switch e := event.(type) {
			case Ended:
				step = e.Span.Failed
			case ImageWritten:
				told = append(told, e.Reference)
			case Note:
				told = append(told, e.Text)
			}
		})}
		err := j.whole(func() (func() error, error) {
			j.log.Begin(nil, KindStep, "a step that nobody ends")
			return func() error { told = append(told, "let go"); return tc.left }, tc.failed
		}, &Written{Reference: "app@sha256:1"})
		got := strings.Join(told, ", ")
		want := "app@sha256:1, let go"
		switch {
		case tc.failed != nil:
			want = "let go"
		case tc.left != nil:
			want += ", the image is good, but something of the build stays until a later call can remove it: device or resource busy"
		}
		if got != want || !errors.Is(err, tc.failed) || (err == nil) != (tc.failed == nil) || !step {
			t.Errorf("%+v: got %v, %q, want %q; the step has failed: %v", tc, err, got, want, step)
		}
		if tc.failed != nil && tc.left != nil && !errors.Is(err, busy) {
			t.Errorf("got %v, want %v in it", err, busy)
		}
	}
}

func TestMaterialsAreNamedOnce(t *testing.T) {
	r := Result{Source: Pinned{"app", "sha256:1"}}
	for _, run := range []string{"sha256:3", "sha256:4"} {
		r.Images = append(r.Images, TargetImage{Builder: Pinned{"b", "sha256:2"}, RunImage: Pinned{"r", run}, Fetched: []Pinned{{"docker://p", "sha256:5"}}})
	}
	want := []Pinned{{"app", "sha256:1"}, {"b", "sha256:2"}, {"r", "sha256:3"}, {"docker://p", "sha256:5"}, {"r", "sha256:4"}}
	if got := r.Materials(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	r.Source.Digest = ""
	if got := r.Materials(); !slices.Equal(got, want[1:]) {
		t.Errorf("without the source's digest: got %v, want %v", got, want[1:])
	}
}

func TestSettingsAreThoseThatTheBuildHas(t *testing.T) {
	b := &build{Request: Request{Bindings: []string{"some/database/"}, Compression: Small}, options: phases.Options{
		Env: map[string]string{"B": "secret", "A": ""}, Network: sandbox.None, Small: true, Buildpacks: namedBuildpacks([]string{"a, b@1", "from=builder"}),
	}}
	s := b.settings()
	if got := s.Variables(); !slices.Equal(got, []string{"A", "B"}) || s.Env["B"] != "secret" {
		t.Errorf("got %v, %v", got, s.Env)
	}
	if !slices.Equal(s.Bindings, []string{"database"}) || s.Compression != Small || s.Network != NoNetwork || !slices.Equal(s.Buildpacks, []string{"a", "b@1", "from=builder"}) {
		t.Errorf("got %+v", s)
	}
	if got := digestIn("oci:/a@b@sha256:1"); got != "sha256:1" {
		t.Errorf("got %s", got)
	}
}

func TestGitsAnnotationsStayOutOfWhatHasNone(t *testing.T) {
	for _, tc := range []struct {
		output string
		given  map[string]string
		want   int
	}{{"oci:x", nil, 2}, {"docker", nil, 0}, {"docker", map[string]string{"a": "b"}, 3}} {
		app := t.TempDir()
		write(t, app+"/.git/HEAD", strings.Repeat("0123456789", 4)+"\n")
		write(t, app+"/.git/config", "[remote \"origin\"]\n\turl = https://x.example/y.git\n")
		to, err := destination.Parse(tc.output)
		if err != nil {
			t.Fatal(err)
		}
		b := &build{Request: Request{App: app, GitLabels: true, Annotations: tc.given}, job: job{to: to}, options: phases.Options{Env: map[string]string{}}}
		if err := b.addLabels(); err != nil || len(b.to.Annotations) != tc.want || len(b.options.Labels) != 2 || b.options.Env[settings.ImageLabels] == "" {
			t.Errorf("%s: got %v, %v, %v", tc.output, b.to.Annotations, b.options.Labels, err)
		}
	}
}
