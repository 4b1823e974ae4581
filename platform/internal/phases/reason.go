//go:build linux

package phases

import (
	"fmt"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// said keeps the last lines of the lifecycle and its buildpacks, which include
// the reason of a failure. They all come on standard output, in order.
type said struct{ lines []string }

// The amounts kept.
const (
	maxSaid     = 500 // lines
	maxSaidLine = 4 << 10
)

// add keeps the visible text of a line.
func (s *said) add(text string) {
	if len(text) > maxSaidLine {
		text = text[:maxSaidLine]
	}
	if text = strings.TrimRight(ansi.Clean(text), " \t"); text == "" {
		return
	}
	s.lines = append(s.lines, text)
	s.lines = s.lines[max(len(s.lines)-maxSaid, 0):]
}

// The lifecycle's exit statuses that the caller distinguishes (platform/exit.go
// of lifecycle 0.21: 20 and 21 from detect, 51 from build).
const (
	noBuildpacks  = 20
	buildpackFail = 51
)

// transientStatus is how the lifecycle says that a buildpack ended with the exit
// status 75 (package exit).
const transientStatus = "exit status 75"

// buildpackError is a failure with which a buildpack ended the build.
type buildpackError struct{ *failure.Failure }

func (e *buildpackError) Unwrap() error { return e.Failure }

// failed returns the error of a build whose lifecycle ended with a status: the
// failing buildpack's own text.
func (w *watcher) failed(status sandbox.Status) error {
	theirs, last := buildlog.SplitEnd(w.said.lines)
	switch {
	case status.Code == noBuildpacks || status.Code == noBuildpacks+1:
		f := undetected(theirs)
		if f.ID == noBuildpackApplies && w.short.decides() {
			return w.short.failure
		}
		return &buildpackError{f}
	case w.short.decides():
		return w.short.failure
	case status.Code == buildpackFail:
		return &buildpackError{ofBuild(theirs, last)}
	case w.full:
		return diskfull.Failure("the lifecycle could not write all of the phase "+w.phase, nil, "", "--cache-dir")
	}
	if last != "" {
		last = ": " + last
	}
	at := "before its first phase"
	if w.phase != "" {
		at = "in the phase " + w.phase
	}
	return fmt.Errorf("the lifecycle ended with %s %s%s", status, at, last)
}

// mostRepeated is the number of lines that are repeated of a buildpack without
// failure ids.
const mostRepeated = 5

// repeated returns the last lines, indented.
func repeated(lines []string) string {
	return "\n  " + strings.Join(lines[max(len(lines)-mostRepeated, 0):], "\n  ")
}

// ofBuild returns the failure of a buildpack's build. Buildpacks with failure ids
// print them last.
func ofBuild(theirs []string, last string) *failure.Failure {
	status := buildlog.BuildStatus(last)
	transient := status == transientStatus
	if f := buildlog.Failure(theirs); f != nil {
		f.Transient = transient
		return f
	}
	f := &failure.Failure{ID: "build-failed", Transient: transient, Cause: "a buildpack ended the build", Remedy: "ask its authors, for it says nothing; BP_LOG_LEVEL=DEBUG has some say more."}
	if status != "" {
		f.Cause += " with " + status
	}
	if len(theirs) > 0 {
		f.Cause += "; its last lines:" + repeated(theirs)
		f.Remedy = "mend what these lines say."
	}
	return f
}

// noBuildpackApplies is the id of the failure if no buildpack gives one.
const noBuildpackApplies = "no-buildpack-applies"

// undetected returns the failure for an app that no group detects: the last
// failure with an id among the buildpacks that ended with an error, or else among
// all.
func undetected(theirs []string) *failure.Failure {
	d := buildlog.ParseDetection(theirs)
	for _, group := range [][]string{d.Erred, d.Refused} {
		for _, one := range slices.Backward(group) {
			if f := buildlog.Failure(d.Outputs[one]); f != nil {
				return f
			}
		}
	}
	f := &failure.Failure{ID: noBuildpackApplies, Cause: "no buildpack of the builder takes the app, and none says why", Remedy: "see that PATH is the app's folder, and that the builder is for such apps."}
	for _, group := range [][]string{d.Erred, d.Refused} {
		for _, one := range slices.Backward(group) {
			if text := d.Outputs[one]; len(text) > 0 {
				f.Cause = "no buildpack of the builder takes the app; " + one + " says:" + repeated(text)
				f.Remedy = "give " + one + " what it asks for, or name the app's folder as PATH."
				return f
			}
		}
	}
	return f
}
