//go:build linux

package phases

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// ended returns the failure of a lifecycle with this output and status.
func ended(t *testing.T, code int, printed string) *failure.Failure {
	t.Helper()
	w := newWatcher(progress.New(nil), "app", nil)
	w.stream().Write([]byte(printed))
	w.end(true)
	var f *failure.Failure
	if err := w.failed(sandbox.Status{Code: code}); !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure", err)
	}
	return f
}

func TestABuildEndsWithWhatTheBuildpackSays(t *testing.T) {
	const nodeUnknown = "[node-version-unknown] there is no Node.js 99: want one of those below\nTo fix it: choose one of these:\n  24.21.0\n  22.1.0"
	for _, tc := range []struct {
		name      string
		printed   string
		want      string // the whole text
		transient bool
	}{
		{
			"an id of the buildpack's own", "===> BUILDING\n  Running 'npm run build'\n      [fake-id] a script's\n      To fix it: nothing\n" +
				"[build-script-failed] the build script build failed\nTo fix it: its output above says why.\nERROR: failed to build: exit status 1\n",
			"[build-script-failed] the build script build failed\nTo fix it: its output above says why.", false,
		},
		{"a remedy of several lines", nodeUnknown + "\nERROR: failed to build: exit status 1\n", nodeUnknown, false},
		{"a cause of several lines", "[npm-failed] npm failed:\n  npm error x\nTo fix it: y\nERROR: failed to build: exit status 1\n", "[npm-failed] npm failed:\n  npm error x\nTo fix it: y", false},
		{"the last of several", "[npm-cache-incomplete] a\nTo fix it: b\n[npm-failed] c\nTo fix it: d\nERROR: failed to build: exit status 1\n", "[npm-failed] c\nTo fix it: d", false},
		{"one that may pass", "[npm-registry-unreachable] a\nTo fix it: b\nERROR: failed to build: exit status 75\n", "[npm-registry-unreachable] a\nTo fix it: b", true},
		{
			"a buildpack without ids", "building\n[webpack-cli] Error: no such module\nwarning: x\nbroken: y\nERROR: failed to build: exit status 7\n",
			"[build-failed] a buildpack ended the build with exit status 7; its last lines:\n  building\n  [webpack-cli] Error: no such module\n  warning: x\n  broken: y\nTo fix it: mend what these lines say.", false,
		},
		{
			"a buildpack that says ERROR as the lifecycle does", "ERROR: no compiler\nERROR: failed to build: exit status 1\n",
			"[build-failed] a buildpack ended the build with exit status 1; its last lines:\n  ERROR: no compiler\nTo fix it: mend what these lines say.", false,
		},
		{"a script that prints the lifecycle's line", "ERROR: failed to build: exit status 75\nno\nERROR: failed to build: exit status 1\n", "[build-failed] a buildpack ended the build with exit status 1; its last lines:\n  ERROR: failed to build: exit status 75\n  no\nTo fix it: mend what these lines say.", false},
		{"one that says nothing", "===> DETECTING\na/b 1.0\n===> BUILDING\nERROR: failed to build: exit status 1\n", "[build-failed] a buildpack ended the build with exit status 1\nTo fix it: ask its authors, for it says nothing; BP_LOG_LEVEL=DEBUG has some say more.", false},
		{"a script's, and then something else", "[fake-id] a\nTo fix it: b\nbroken\nERROR: failed to build: exit status 1\n", "[build-failed] a buildpack ended the build with exit status 1; its last lines:\n  [fake-id] a\n  To fix it: b\n  broken\nTo fix it: mend what these lines say.", false},
		{"control characters", "[npm-failed] \x1b]52;c;eA==\aa\x1b[2J\nTo fix it: \u009b1mb\nERROR: failed to build: exit status 1\n", "[npm-failed] a\nTo fix it: b", false},
	} {
		f := ended(t, buildpackFail, tc.printed)
		if f.Error() != tc.want || f.Transient != tc.transient {
			t.Errorf("%s: got %v\n%s\nwant %v\n%s", tc.name, f.Transient, f, tc.transient, tc.want)
		}
	}
}

func TestOfManyLinesTheLastAreRepeated(t *testing.T) {
	f := ended(t, buildpackFail, strings.Repeat("x\n", 2*maxSaid)+strings.Repeat("y", 2*maxSaidLine)+"\nlast\nERROR: failed to build: exit status 1\n")
	if lines := strings.Split(f.Cause, "\n"); len(lines) != mostRepeated+1 || lines[mostRepeated] != "  last" || len(f.Cause) > 2*maxSaidLine {
		t.Errorf("got %d lines, %d bytes, ending with %q", len(lines), len(f.Cause), lines[len(lines)-1])
	}
}

func TestAnAppThatNoBuildpackTakesIsToldWhatTheySay(t *testing.T) {
	const failedToDetect = "ERROR: No buildpack groups passed detection.\nERROR: Please check that you are running against the correct path.\nERROR: failed to detect: no buildpacks participating\n"
	for _, tc := range []struct {
		name    string
		code    int
		printed string
		want    string
	}{
		{
			"an optional one with an id", 20, `===> DETECTING
======== Output: armature/npm-install@0.1.0 ========
found package.json
======== Output: armature/npm-start@0.1.0 ========
[start-script-missing] no start script in package.json; its scripts: build
To fix it: add one
======== Results ========
pass: armature/npm-install@0.1.0
skip: armature/npm-start@0.1.0
Resolving plan... (try #1)
fail: armature/npm-install@0.1.0 requires npm
`, "[start-script-missing] no start script in package.json; its scripts: build\nTo fix it: add one",
		},
		{
			"one that ended with an error, before one that refuses", 21, `======== Output: armature/npm-install@0.1.0 ========
[package-manager-unsupported] pnpm-lock.yaml
To fix it: BP_NODE_PACKAGE_MANAGER=npm
======== Error: armature/npm-install@0.1.0 ========
exit status 1
======== Output: armature/npm-start@0.1.0 ========
[start-script-missing] a
To fix it: b
======== Results ========
pass: armature/node-engine@0.1.0
err:  armature/npm-install@0.1.0 (1)
fail: armature/npm-start@0.1.0
`, "[package-manager-unsupported] pnpm-lock.yaml\nTo fix it: BP_NODE_PACKAGE_MANAGER=npm",
		},
		{
			"one without an id", 20, `======== Output: foreign/go@1.0.0 ========
there is no go.mod
======== Results ========
fail: foreign/go@1.0.0
`, "[no-buildpack-applies] no buildpack of the builder takes the app; foreign/go@1.0.0 says:\n  there is no go.mod\nTo fix it: give foreign/go@1.0.0 what it asks for, or name the app's folder as PATH.",
		},
		{
			"one that says nothing but its error", 21, `======== Error: foreign/go@1.0.0 ========
exit status 2
======== Results ========
err:  foreign/go@1.0.0 (2)
fail: foreign/other@1.0.0
`, "[no-buildpack-applies] no buildpack of the builder takes the app; foreign/go@1.0.0 says:\n  exit status 2\nTo fix it: give foreign/go@1.0.0 what it asks for, or name the app's folder as PATH.",
		},
		{
			"one that says something else in its last group", 20, `======== Output: foreign/go@1.0.0 ========
[an-id] a
To fix it: b
======== Results ========
fail: foreign/go@1.0.0
======== Output: foreign/go@1.0.0 ========
there is no go.mod
======== Results ========
fail: foreign/go@1.0.0
`, "[no-buildpack-applies] no buildpack of the builder takes the app; foreign/go@1.0.0 says:\n  there is no go.mod\nTo fix it: give foreign/go@1.0.0 what it asks for, or name the app's folder as PATH.",
		},
		{
			"an id of one that passes", 20, `======== Output: a/passes@1 ========
[odd-note] x
To fix it: y
======== Results ========
pass: a/passes@1
fail: a/other@1
`, "[no-buildpack-applies] no buildpack of the builder takes the app, and none says why\nTo fix it: see that PATH is the app's folder, and that the builder is for such apps.",
		},
	} {
		if f := ended(t, tc.code, tc.printed+failedToDetect); f.Error() != tc.want || f.Transient {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, f, tc.want)
		}
	}
}

// A script prints lines like the lifecycle's. They do not mark the end of the
// buildpacks; the lifecycle's next request does.
func TestScriptsAnnounceNoPhase(t *testing.T) {
	var told progresstest.Recorder
	w := newWatcher(progress.New(told.Event), "app", nil)
	layered := 0
	w.layered = func() { layered++ }
	say := func(lines ...string) {
		for _, line := range lines {
			w.line(line)
		}
	}
	w.asked()
	say("===> ANALYZING")
	w.asked()
	say("===> DETECTING", "===> RESTORING")
	w.asked()
	say("===> BUILDING", "===> DETECTING", "===> WAITING", "===> \x1b]0;owned\a", "===> EXPORTING", "===> BUILDING", "===> EXPORTING")
	if layered != 0 {
		t.Error("a line is enough to say that the layers are there")
	}
	w.asked()
	if layered != 1 {
		t.Errorf("the lifecycle exports: told %d times, want once", layered)
	}
	w.end(false)
	var phases []string
	for _, span := range told.Spans() {
		phases = append(phases, span.What)
	}
	if got := strings.Join(phases, " "); got != "analyzing detecting restoring building exporting" {
		t.Errorf("got %s", got)
	}
}

func TestALifecycleThatFailsByItselfSaysWhy(t *testing.T) {
	w := newWatcher(progress.New(nil), "app", nil)
	w.stream().Write([]byte("===> EXPORTING\nERROR: failed to export: saving image: no such layer\n"))
	w.end(true)
	err := w.failed(sandbox.Status{Code: 62})
	if errors.As(err, new(*failure.Failure)) || !strings.HasSuffix(err.Error(), "in the phase EXPORTING: failed to export: saving image: no such layer") {
		t.Errorf("got %v", err)
	}
	w = newWatcher(progress.New(nil), "app", nil)
	if err := w.failed(sandbox.Status{Code: 62}); !strings.HasSuffix(err.Error(), "status 62 before its first phase") {
		t.Errorf("got %v", err)
	}
}

// A build may print without end; the reason is in its last lines.
func TestOnlyTheLastLinesAreKept(t *testing.T) {
	var s said
	for i := range maxSaid + 7 {
		s.add(fmt.Sprint("line ", i))
	}
	if len(s.lines) != maxSaid || s.lines[0] != "line 7" || s.lines[maxSaid-1] != fmt.Sprint("line ", maxSaid+6) {
		t.Errorf("got %d lines, from %q to %q", len(s.lines), s.lines[0], s.lines[len(s.lines)-1])
	}
	s.add(strings.Repeat("x", maxSaidLine+1))
	if got := len(s.lines[maxSaid-1]); got != maxSaidLine {
		t.Errorf("got a line of %d bytes, want %d", got, maxSaidLine)
	}
}
