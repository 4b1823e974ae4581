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

// said keeps the last lines that the lifecycle and its buildpacks printed: why a
// build failed is among them. They all come on standard output, in order.
type said struct{ lines []string }

// So much is kept.
const (
	maxSaid     = 500 // lines
	maxSaidLine = 4 << 10
)

// add keeps what a terminal would show of a line.
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

// errorPrefix is how the lifecycle begins what it says of a failure, after
// everything else (cmd/lifecycle, cmd/exit.go).
const errorPrefix = "ERROR: "

// parted are the lines of buildpacks, and the lifecycle's own, the last: "failed to
// build: exit status 1".
func (s *said) parted() (theirs []string, last string) {
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

// The statuses of the lifecycle that mean something to whoever calls it
// (platform/exit.go of lifecycle 0.21: 20 and 21 from detect, 51 from build).
const (
	noBuildpacks  = 20
	buildpackFail = 51
)

// transientLine is how the lifecycle prints a buildpack's status 75 (package
// exit), last.
const transientLine = "failed to build: exit status 75"

// buildpackError is a failure that a buildpack ended the build with.
type buildpackError struct{ *failure.Failure }

func (e *buildpackError) Unwrap() error { return e.Failure }

// failed is the error of a build that the lifecycle ended with a status: what the
// buildpack says that ended it, in its own words.
func (w *watcher) failed(status sandbox.Status) error {
	theirs, last := w.said.parted()
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

// How failures begin and go on (package failure).
var (
	idLine       = regexp.MustCompile(`^\[([a-z0-9]+(?:-[a-z0-9]+)*)\] (\S.*)$`)
	remedyPrefix = "To fix it: "
)

// lastFailure is the failure with an id and a remedy that lines end with, or nil.
// Only a list, indented, comes after the remedy: what else follows on one has been
// printed by somebody else than a buildpack that ended with it.
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

// mostRepeated is how many lines are repeated of a buildpack that gives its
// failures no ids.
const mostRepeated = 5

// repeated are the last of some lines, indented.
func repeated(lines []string) string {
	return "\n  " + strings.Join(lines[max(len(lines)-mostRepeated, 0):], "\n  ")
}

// ofBuild is the failure of a buildpack that did not build. Those with ids print
// them last.
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
		f.Remedy = "mend what its last lines say:" + repeated(theirs)
	}
	return f
}

// What the lifecycle prints when no group passes (phase/detector.go of lifecycle
// 0.21): of each buildpack what it says, then what came of it.
var (
	outputLine  = regexp.MustCompile(`^======== (Output|Error): (\S+) ========$`)
	resultsLine = "======== Results ========"
	erredLine   = regexp.MustCompile(`^err:  (\S+)`)
	refusedLine = regexp.MustCompile(`^(?:fail|skip): (\S+)$`)
)

// noBuildpackApplies is the id of a failure where no buildpack gives one.
const noBuildpackApplies = "no-buildpack-applies"

// undetected is the failure of an app that no group of buildpacks takes: of those
// that ended with an error, or else of all, what the last one says with an id.
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
				f.Cause = "no buildpack of the builder takes the app"
				f.Remedy = "give " + one + " what it asks for, or name the app's folder as PATH:" + repeated(text)
				return f
			}
		}
	}
	return f
}
