//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/internal/failure"
)

// nothing is an empty environment.
func nothing(string) (string, bool) { return "", false }

// call runs the program in this process.
func call(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return callWith(t, map[string]string{"HOME": t.TempDir()}, args...)
}

// callWith runs it with an environment.
func callWith(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, log bytes.Buffer
	p := &program{stdout: &out, stderr: &log, getenv: func(name string) string { return env[name] }, lookup: func(name string) (string, bool) {
		value, found := env[name]
		return value, found
	}}
	status = p.status(p.run(t.Context(), args), false)
	return out.String(), log.String(), status
}

func TestHelpNamesEveryCommandAndFlag(t *testing.T) {
	out, _, status := call(t)
	if status != 0 {
		t.Errorf("got status %d", status)
	}
	for _, c := range documented() {
		if !strings.Contains(out, "armature "+c.Name()+" ") {
			t.Errorf("%s is not in\n%s", c.Name(), out)
		}
		help, _, status := call(t, c.Name(), "--help")
		if status != 0 || !strings.HasPrefix(help, "Usage: armature "+c.Name()) {
			t.Errorf("got status %d\n%s", status, help)
		}
		if other, _, _ := call(t, "help", c.Name()); other != help {
			t.Errorf("help %s: got %q, want %q", c.Name(), other, help)
		}
	}
	if help, _, _ := call(t, "build", "--help"); !strings.Contains(help, "--platform OS/ARCH") {
		t.Errorf("got %s", help)
	}
}

func TestShellsCompleteCommandsFlagsAndValues(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if script, _, status := call(t, "completion", shell); status != 0 || !strings.Contains(script, "armature") {
			t.Errorf("%s: got status %d, %s", shell, status, script)
		}
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"bu"}, "build\t"},
		{[]string{"build", "--compr"}, "--compression\t"},
		{[]string{"build", "--progress", ""}, "auto\nterminal\nplain\njson\n"},
		{[]string{"run", "--platform", "linux/ar"}, "linux/arm64\n"},
	} {
		out, _, status := call(t, append([]string{"__complete"}, tc.args...)...)
		if status != 0 || !strings.HasPrefix(out, tc.want) {
			t.Errorf("%q: got status %d, %q, want %q", tc.args, status, out, tc.want)
		}
	}
}

func TestCallsThatNobodyUnderstands(t *testing.T) {
	for _, args := range [][]string{
		{"biuld"}, {"build", "--tga", "x"}, {"build", "a", "b", "--tag", "x"}, {"build", "--tag", "x", "--network", "bridge", "--builder", "x"},
		{"build", "--tag", "x", "--progress", "fancy", "--builder", "x"}, {"version", "1"},
		{"build", "--tag", "x", "--builder", "x", "--insecure-registry", "http://localhost:5000"}, {"run", "x", "--insecure-registry", "host/team"},
		{"build", "--tag", "x", "--emulate", "--host-platform", "linux/arm64", "--builder", "x"},
		{"run", "x", "--insecure-registry", ":"}, {"run", "x", "--insecure-registry", "host:"}, {"run", "x", "--insecure-registry", "host:65536"}, {"run", "x", "--insecure-registry", "a,b"},
	} {
		out, log, status := call(t, args...)
		if status != statusUsage || log == "" || out != "" {
			t.Errorf("%q: got status %d, %q, %q", args, status, out, log)
		}
	}
}

func TestAFailureIsAnEventToo(t *testing.T) {
	timings := filepath.Join(t.TempDir(), "t.html")
	out, log, status := call(t, "build", t.TempDir(), "--tag", "app", "--builder", filepath.Join(t.TempDir(), "none"), "--progress", "json", "--timings", timings)
	var last report.Line
	for line := range strings.Lines(log) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if status != statusFailure || out != "" || last.Event != "failure" || last.ID == "" || !strings.Contains(last.Text, "To fix it") {
		t.Errorf("got status %d, %q, %+v", status, out, last)
	}
	if page, err := os.ReadFile(timings); err != nil || !strings.Contains(string(page), "No image: ["+last.ID+"]") {
		t.Errorf("the timeline: got %s, %v", page, err)
	}
}

func TestTimingsHaveAFolderBeforeTheBuildBegins(t *testing.T) {
	_, log, status := call(t, "build", t.TempDir(), "--tag", "x", "--builder", "x", "--timings", filepath.Join(t.TempDir(), "none", "t.html"))
	if status != statusFailure || !strings.HasPrefix(log, "[timings-unwritable] ") {
		t.Errorf("got status %d, %s", status, log)
	}
}

func TestWhatIsWrittenBesideTheImageIsTriedBeforeTheBuild(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe") // a file in its place would be a mistake
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ flag, at, want string }{
		{"--timings", t.TempDir(), "[timings-unwritable] "},
		{"--timings", "/proc/t.html", "[timings-unwritable] "},
		{"--timings", pipe, "[timings-unwritable] "},
		{"--output", "tar:" + pipe, "[output-unwritable] "},
		{"--sbom-dir", "/proc/sbom", "[output-unwritable] "},
		{"--output", "oci:/proc/image", "[output-unwritable] "},
	} {
		_, log, status := call(t, "build", t.TempDir(), "--tag", "app", "--builder", t.TempDir(), "--cache-dir", t.TempDir(), tc.flag, tc.at)
		if status != statusFailure || !strings.HasPrefix(log, tc.want) {
			t.Errorf("%s %s: got status %d, %s", tc.flag, tc.at, status, log)
		}
	}
}

func TestAPortIsANumberThatOneCanListenOn(t *testing.T) {
	for _, text := range []string{"", " ", "0", "-1", "65536", "99999999", "99999999999999999999", "0x50", "http"} {
		_, log, status := call(t, "run", "no-such-image", "--port", text, "--cache-dir", t.TempDir())
		if status != statusUsage || !strings.Contains(log, fmt.Sprintf("%q", text)) || !strings.Contains(log, "want a number from 1 to 65535") {
			t.Errorf("%q: got status %d, %s", text, status, log)
		}
	}
	var given port
	if err := given.Set("08080"); err != nil || given != "8080" {
		t.Errorf("got %q, %v", given, err)
	}
}

func TestAFolderWithoutALayoutIsNoReference(t *testing.T) {
	_, log, status := call(t, "inspect", t.TempDir(), "--cache-dir", t.TempDir())
	if status != statusFailure || !strings.HasPrefix(log, "[image-reference] ") {
		t.Errorf("got status %d, %s", status, log)
	}
}

func TestALayoutThatCannotBeReadIsNoneOfDockerHubs(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir("layout", 0o755), os.WriteFile("layout/index.json", []byte("{"), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, log, status := call(t, "inspect", "layout", "--cache-dir", t.TempDir())
	if status != statusFailure || !strings.HasPrefix(log, "[image-unreadable] ") {
		t.Errorf("got status %d, %s", status, log)
	}
}

func TestFlagsStandWhereverTheyLike(t *testing.T) {
	for _, args := range [][]string{{"folder", "--network", "none"}, {"--network", "none", "folder"}, {"--network=none", "--", "folder"}} {
		set, rest := flagsOf(t, args)
		if set != "none" || len(rest) != 1 || rest[0] != "folder" {
			t.Errorf("%q: got %q, %q", args, set, rest)
		}
	}
	if _, rest := flagsOf(t, []string{"--", "--network"}); len(rest) != 1 || rest[0] != "--network" {
		t.Errorf("got %q", rest)
	}
}

func TestStatusTellsWhoseFaultItIs(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, 0},
		{"a failure", &failure.Failure{ID: "x"}, 1},
		{"one that may pass, wrapped", fmt.Errorf("building: %w", &failure.Failure{ID: "x", Transient: true}), 75},
		{"a full disk", fmt.Errorf("writing: %w", syscall.ENOSPC), 1},
		{"a file of somebody else's", os.ErrPermission, 1},
		{"anything else", errors.New("x"), 70},
		{"a bad call", &usageError{"x"}, 2},
	} {
		var log bytes.Buffer
		p := &program{stderr: &log}
		if got := p.status(tc.err, false); got != tc.want || (got == 0) != (log.Len() == 0) {
			t.Errorf("%s: got %d, %q, want %d", tc.name, got, &log, tc.want)
		}
	}
	p := &program{stderr: &bytes.Buffer{}}
	if got := p.status(context.Canceled, true); got != statusInterrupted {
		t.Errorf("interrupted: got %d", got)
	}
}

func TestWhatEndsACallIsItsFailure(t *testing.T) {
	f := &failure.Failure{ID: "some-id", Cause: "it is so", Remedy: "do this:\n  a\n  b", Transient: true}
	const own = "[some-id] it is so\nTo fix it: do this:\n  a\n  b\n"
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"alone", f, own},
		{"while something was done", fmt.Errorf("looking for x: %w", f), "[some-id] looking for x: it is so\nTo fix it: do this:\n  a\n  b\n"},
		{"before something else", errors.Join(f, errors.New("removing y: no")), "removing y: no\n" + own},
		{"after something else", errors.Join(errors.New("removing y: no"), f), "removing y: no\n" + own},
		{"in the middle", errors.Join(errors.New("1"), fmt.Errorf("x: %w", f), errors.New("2")), "1\n2\n[some-id] x: it is so\nTo fix it: do this:\n  a\n  b\n"},
		{"with what a terminal would act upon", &failure.Failure{ID: "some-id", Cause: "\x1b]0;owned\ait is so", Remedy: "do this:\n  a\x1b[2J\n  b"}, own},
	} {
		var log bytes.Buffer
		p := &program{stderr: &log}
		p.status(tc.err, false)
		if log.String() != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, &log, tc.want)
		}
	}
}

func TestAPanicIsNoWrongFlag(t *testing.T) {
	var log bytes.Buffer
	p := &program{stderr: &log}
	err := p.guarded(func() error { panic("so it is") })
	if got := p.status(err, false); got != statusInternal || !strings.HasPrefix(log.String(), "[internal] panic: so it is\n") || !strings.Contains(log.String(), "main_test.go") || !strings.HasSuffix(log.String(), "\nTo fix it: report it, with what stands above, at "+issues+"; it is a fault of armature or of the builder.\n") {
		t.Errorf("got %d, %s", got, &log)
	}
}

func TestAMisspeltWordIsToldTheNearest(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string // "" for no guess
	}{
		{[]string{"biuld"}, "armature: unknown command \"biuld\"; did you mean build?\narmature help lists the commands\n"},
		{[]string{"inspct"}, "did you mean inspect?"},
		{[]string{"hlep"}, "did you mean help?"},
		{[]string{"frobnicate"}, ""},
		{[]string{"build", "--platfrom", "linux/arm64"}, "did you mean --platform?"},
		{[]string{"build", "--tga=x"}, "there is no flag --tga; did you mean --tag?\n"},
		{[]string{"run", "--prot", "1"}, "did you mean --port?"},
		{[]string{"build", "--privileged"}, ""},
		{[]string{"build", "-tag", "x"}, "there is no flag -tag; did you mean --tag?"},
		{[]string{"build", "-tag=x"}, "there is no flag -tag; did you mean --tag?"},
		{[]string{"build", "-x"}, ""},
		{[]string{"help", "biuld"}, "did you mean build?"},
	} {
		_, log, status := call(t, tc.args...)
		if status != statusUsage || strings.Contains(log, "did you mean") != (tc.want != "") || !strings.Contains(log, tc.want) {
			t.Errorf("%q: got status %d, %q, want %q", tc.args, status, log, tc.want)
		}
	}
}

func flagsOf(t *testing.T, args []string) (network string, rest []string) {
	t.Helper()
	c := buildCommand(&program{})
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return c.Flag("network").Value.String(), c.Flags().Args()
}
