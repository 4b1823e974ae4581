package buildlog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// StepKind is the kind of a buildpack's line.
type StepKind int

// The kinds of lines.
const (
	OtherStep StepKind = iota
	Task               // a step begins
	Command            // a part of a step begins: a command
	Part               // another part of a step begins
	Completed          // the command, or else the step, has ended
)

// Step is a line of a buildpack in the form of packit's scribe.
type Step struct {
	Kind StepKind
	What string // the name of a task, or the command
}

// The lines: names of steps are indented by two spaces, their parts by four, and
// the parts' durations by six.
var (
	taskLine      = regexp.MustCompile(`^  (\S.*)$`)
	commandLine   = regexp.MustCompile(`^    Running '(.+)'$`)
	partLine      = regexp.MustCompile(`^    \S`)
	completedLine = regexp.MustCompile(`^      Completed in [0-9.hmsµn]+$`)
)

// ParseStep parses a line of a buildpack.
func ParseStep(line string) Step {
	if completedLine.MatchString(line) {
		return Step{Kind: Completed}
	}
	if found := taskLine.FindStringSubmatch(line); found != nil && !strings.HasPrefix(found[1], "WARNING") {
		return Step{Kind: Task, What: strings.TrimSuffix(found[1], ":")}
	}
	if found := commandLine.FindStringSubmatch(line); found != nil {
		return Step{Kind: Command, What: found[1]}
	}
	if partLine.MatchString(line) {
		return Step{Kind: Part}
	}
	return Step{}
}

// The lines of a failure (package failure).
var (
	idLine       = regexp.MustCompile(`^\[([a-z0-9]+(?:-[a-z0-9]+)*)\] (\S.*)$`)
	remedyPrefix = "To fix it: "
)

// Failure returns the failure with an id and a remedy at the end of some lines, or
// nil. Only an indented list may follow the remedy: with any other line after it,
// the failure did not end the buildpack.
func Failure(lines []string) *failure.Failure {
	for at, line := range slices.Backward(lines) {
		found := idLine.FindStringSubmatch(line)
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
