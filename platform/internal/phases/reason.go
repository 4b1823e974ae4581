//go:build linux

package phases

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
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

// errorPrefix begins the lifecycle's last line of a failure (cmd/lifecycle,
// cmd/exit.go).
const errorPrefix = "ERROR: "

// split separates the lines of buildpacks from the lifecycle's own, the last:
// "failed to build: exit status 1".
func (s *said) split() (theirs []string, last string) {
	if len(s.lines) == 0 {
		return nil, ""
	}
	end := len(s.lines) - 1
	last, found := strings.CutPrefix(s.lines[end], errorPrefix)
	if !found {
		return s.lines, ""
	}
	return s.lines[:end], last
}

// The lifecycle's exit statuses that the caller distinguishes (platform/exit.go
// of lifecycle 0.21: 20 and 21 from detect, 51 from build).
const (
	noBuildpacks  = 20
	buildpackFail = 51
)

// transientLine is the lifecycle's last line for a buildpack's exit status 75
// (package exit).
const transientLine = "failed to build: exit status 75"

// buildpackError is a failure with which a buildpack ended the build.
type buildpackError struct{ *failure.Failure }

func (e *buildpackError) Unwrap() error { return e.Failure }

// failed returns the error of a build whose lifecycle ended with a status: the
// failing buildpack's own text.
func (w *watcher) failed(status sandbox.Status) error {
	theirs, last := w.said.split()
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

// The lines of a failure (package failure).
var (
	idLine       = regexp.MustCompile(`^\[([a-z0-9]+(?:-[a-z0-9]+)*)\] (\S.*)$`)
	remedyPrefix = "To fix it: "
)

// lastFailure returns the failure with an id and a remedy at the end of some
// lines, or nil. Only an indented list may follow the remedy: with any other line
// after it, the failure did not end the buildpack.
func lastFailure(lines []string) *failure.Failure {
	for at := len(lines) - 1; at >= 0; at-- {
		found := idLine.FindStringSubmatch(lines[at])
		if found == nil {
			continue
		}
		rest := lines[at+1:]
		remedy := slices.IndexFunc(rest, func(line string) bool { return strings.HasPrefix(line, remedyPrefix) })
		if remedy < 0 || slices.ContainsFunc(rest[remedy+1:], func(line string) bool { return !strings.HasPrefix(line, " ") }) {
			return nil
		}
		cause := append([]string{found[2]}, rest[:remedy]...)
		return &failure.Failure{
			ID: found[1], Cause: strings.Join(cause, "\n"),
			Remedy: strings.TrimPrefix(strings.Join(rest[remedy:], "\n"), remedyPrefix),
		}
	}
	return nil
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
	transient := last == transientLine
	if f := lastFailure(theirs); f != nil {
		f.Transient = transient
		return f
	}
	f := &failure.Failure{ID: "build-failed", Transient: transient, Cause: "a buildpack ended the build", Remedy: "ask its authors, for it says nothing; BP_LOG_LEVEL=DEBUG has some say more."}
	if status := strings.TrimPrefix(last, "failed to build: "); status != "" {
		f.Cause += " with " + status
	}
	if len(theirs) > 0 {
		f.Cause += "; its last lines:" + repeated(theirs)
		f.Remedy = "mend what these lines say."
	}
	return f
}

// The lifecycle's output when no group passes (phase/detector.go of lifecycle
// 0.21): each buildpack's output, then the results.
var (
	outputLine  = regexp.MustCompile(`^======== (Output|Error): (\S+) ========$`)
	resultsLine = "======== Results ========"
	erredLine   = regexp.MustCompile(`^err:  (\S+)`)
	refusedLine = regexp.MustCompile(`^(?:fail|skip): (\S+)$`)
)

// noBuildpackApplies is the id of the failure if no buildpack gives one.
const noBuildpackApplies = "no-buildpack-applies"

// undetected returns the failure for an app that no group detects: the last
// failure with an id among the buildpacks that ended with an error, or else among
// all.
func undetected(theirs []string) *failure.Failure {
	outputs, erred, refused := map[string][]string{}, []string{}, []string{}
	of := ""
	for _, line := range theirs {
		if found := outputLine.FindStringSubmatch(line); found != nil {
			if of = found[2]; found[1] == "Error" && len(outputs[of]) > 0 {
				of = "" // "exit status 1" says less
				continue
			}
			outputs[of] = nil
			continue
		}
		switch found := erredLine.FindStringSubmatch(line); {
		case line == resultsLine:
			of = ""
		case of != "":
			outputs[of] = append(outputs[of], line)
		case found != nil:
			erred = append(erred, found[1])
		default:
			if found := refusedLine.FindStringSubmatch(line); found != nil {
				refused = append(refused, found[1])
			}
		}
	}
	for _, group := range [][]string{erred, refused} {
		for _, one := range slices.Backward(group) {
			if f := lastFailure(outputs[one]); f != nil {
				return f
			}
		}
	}
	f := &failure.Failure{ID: noBuildpackApplies, Cause: "no buildpack of the builder takes the app, and none says why", Remedy: "see that PATH is the app's folder, and that the builder is for such apps."}
	for _, group := range [][]string{erred, refused} {
		for _, one := range slices.Backward(group) {
			if text := outputs[one]; len(text) > 0 {
				f.Cause = "no buildpack of the builder takes the app; " + one + " says:" + repeated(text)
				f.Remedy = "give " + one + " what it asks for, or name the app's folder as PATH."
				return f
			}
		}
	}
	return f
}
