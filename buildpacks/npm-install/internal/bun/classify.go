package bun

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// fault is a failed call of Bun.
type fault struct {
	outcome.Outcome
	args []string
}

// A kind is one sort of fault that Bun's output tells. kinds.toml describes the
// fields.
type kind struct {
	ID        string
	Said      string
	Cause     string
	Remedy    string
	Transient bool
	words     *regexp.Regexp
}

//go:embed kinds.toml
var kindsFile string

// kinds are those of kinds.toml, in its order.
var kinds = sync.OnceValue(func() []kind {
	all, err := parseKinds(kindsFile)
	if err != nil {
		panic(err) // the file is part of this program, and a test reads it
	}
	return all
})

func parseKinds(text string) ([]kind, error) {
	all, err := outcome.ParseKinds[kind](text)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].words, err = regexp.Compile("(?m)" + all[i].Said); err != nil {
			return nil, fmt.Errorf("reading kinds.toml: %w", err)
		}
	}
	return all, nil
}

// unknownFault is the id of a fault of no known kind.
const unknownFault = "bun-failed"

// said matches the lines with which Bun says what is wrong.
var said = regexp.MustCompile(`(?m)^(?:error|warn): .*$|^\w+: failed to .*$`)

// classify turns a fault into a [failure.Failure].
func classify(f fault) error {
	where := "bun " + f.args[0] + " failed"
	detail := f.detail()
	for _, k := range kinds() {
		found := k.words.FindStringSubmatch(f.Output)
		if found == nil {
			continue
		}
		if len(found) > 1 {
			detail = plain(found[1])
		}
		fill := func(text string) string { return strings.ReplaceAll(text, "{{detail}}", detail) }
		return &failure.Failure{ID: k.ID, Cause: where + ": " + fill(k.Cause), Remedy: fill(k.Remedy), Transient: k.Transient}
	}
	if found := outcome.Find(f.Output); found != nil {
		found.Cause = where + ": " + found.Cause
		return found
	}
	if f.Killed() {
		return &failure.Failure{ID: outcome.Memory.ID, Cause: where + ": it was killed, most likely because " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	return &failure.Failure{
		ID:     unknownFault,
		Cause:  fmt.Sprintf("%s: %s", where, detail),
		Remedy: "its output above says why; the same command in the project's folder should say the same.",
	}
}

// detail is what Bun says last, or else how it ended.
func (f fault) detail() string {
	if lines := said.FindAllString(f.Output, -1); lines != nil {
		return plain(strings.TrimPrefix(lines[0], "error: "))
	}
	if words := outcome.LastWords(f.Output); words != "" {
		return words
	}
	return f.End()
}

// login matches the user and the password in an address.
var login = regexp.MustCompile(`(://)[^\s/@]*@`)

// plain returns a line without control sequences and credentials.
func plain(line string) string { return login.ReplaceAllString(outcome.Plain(line), "$1") }
