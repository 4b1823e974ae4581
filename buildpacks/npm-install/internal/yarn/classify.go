package yarn

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// kind is one sort of fault; kinds.toml describes the fields.
type kind struct {
	ID        string
	Classic   []string
	Berry     []string
	Cause     string
	Remedy    string
	Transient bool
}

//go:embed kinds.toml
var kindsFile string

// kinds are those of kinds.toml, in its order.
var kinds = sync.OnceValue(func() []kind {
	all, err := outcome.ParseKinds[kind](kindsFile)
	if err != nil {
		panic(err) // the file is part of this program, and a test reads it
	}
	return all
})

// classify runs Yarn and turns its failure into a [failure.Failure]. It returns
// Yarn's output.
func (m *manager) classify(c call) (output string, err error) {
	ended, err := m.run(c)
	if err == nil && ended.Err != nil {
		err = explain(c.String(), ended, m.classic())
	}
	return ended.Output, err
}

// explain says what a failed call means. An unknown one has the id yarn-failed and
// repeats Yarn's message.
func explain(command string, o outcome.Outcome, classic bool) error {
	for _, k := range kinds() {
		if line, ok := k.lineOf(o.Output, classic); ok {
			return &failure.Failure{
				ID: k.ID, Cause: short(command) + " failed: " + strings.ReplaceAll(k.Cause, "{{detail}}", line), Remedy: k.Remedy, Transient: k.Transient,
			}
		}
	}
	if o.RanOutOfMemory() {
		return &failure.Failure{ID: outcome.Memory.ID, Cause: short(command) + " failed: " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	cause := fmt.Sprintf("%s failed with %s", short(command), o.End())
	if said := lastError(o.Output, classic); said != "" {
		cause += ": " + said
	}
	return &failure.Failure{ID: "yarn-failed", Cause: cause, Remedy: "Yarn's output above says more."}
}

// short is a command without its options.
func short(command string) string {
	name, _, _ := strings.Cut(command, " --")
	return name
}

// lineOf returns the first line of an error that a kind's expressions match.
func (k kind) lineOf(output string, classic bool) (string, bool) {
	expressions := k.Berry
	if classic {
		expressions = k.Classic
	}
	for _, expression := range expressions {
		matches := regexp.MustCompile(expression)
		for line := range strings.Lines(output) {
			line = outcome.Plain(line)
			if matches.MatchString(line) && !passing.MatchString(line) {
				return detail(line), true
			}
		}
	}
	return "", false
}

// passing matches lines about faults that Yarn tries again, or passes over.
var passing = regexp.MustCompile(`^(?:info|warning|\$ |\[\d)|^verbose `)

// tags match what stands before Yarn's messages: "error ", "➤ YN0041: │ ".
var tags = regexp.MustCompile(`^(?:error (?:An unexpected error occurred: )?(?:Error: )?|➤ (YN\d+: )│? ?)`)

func detail(line string) string {
	line = tags.ReplaceAllString(line, "$1")
	return strings.TrimSpace(strings.TrimSuffix(line, "."))
}

// lastError returns Yarn's last message of an error.
func lastError(output string, classic bool) string {
	last := ""
	for line := range strings.Lines(output) {
		line = outcome.Plain(line)
		isError := classic && strings.HasPrefix(line, "error ") || !classic && strings.HasPrefix(line, "➤ YN") && !strings.HasPrefix(line, "➤ YN0000")
		if isError {
			last = detail(line)
		}
	}
	if last == "" {
		return outcome.LastWords(output)
	}
	return last
}
