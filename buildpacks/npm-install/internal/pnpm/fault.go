package pnpm

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// fault is a failed call of pnpm.
type fault struct {
	outcome.Outcome
	args    []string
	version version
}

// kind is one sort of fault, see kinds.toml.
type kind struct {
	ID        string
	Codes     []string
	Words     string
	Cause     string
	Remedy    string
	Transient bool
	words     *regexp.Regexp
}

//go:embed kinds.toml
var kindsFile string

var kinds = sync.OnceValue(func() []kind {
	all, err := parseKinds(kindsFile)
	if err != nil {
		panic(err) // the file is part of this program, and a test reads it
	}
	return all
})

// parseKinds reads what kinds.toml has. Unknown keys are errors.
func parseKinds(text string) ([]kind, error) {
	all, err := outcome.ParseKinds[kind](text)
	if err != nil {
		return nil, err
	}
	for i, k := range all {
		if all[i].words, err = regexp.Compile("(?m)" + k.Words); err != nil {
			return nil, fmt.Errorf("reading the words of %s in kinds.toml: %w", k.ID, err)
		}
	}
	return all, nil
}

// code matches pnpm's codes.
var code = regexp.MustCompile(`\bERR_PNPM_\w+`)

// is reports whether a fault is of the kind.
func (k kind) is(f fault) bool {
	if len(k.Codes) > 0 && !slices.ContainsFunc(code.FindAllString(f.Output, -1), func(one string) bool { return slices.Contains(k.Codes, one) }) {
		return false
	}
	return k.words.MatchString(f.Output + "\n" + f.detail()) // which pnpm 12 breaks into lines
}

// unknownFault is the id of the failure for an unclassified fault.
const unknownFault = "package-manager-failed"

// classify turns a fault into a [failure.Failure].
func classify(f fault) error {
	command := "pnpm " + f.args[0]
	for _, k := range kinds() {
		if k.is(f) {
			return &failure.Failure{ID: k.ID, Cause: command + " failed: " + f.fill(k.Cause), Remedy: f.fill(k.Remedy), Transient: k.Transient}
		}
	}
	if f.RanOutOfMemory() {
		return &failure.Failure{ID: outcome.Memory.ID, Cause: command + " failed: " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	return &failure.Failure{
		ID:     unknownFault,
		Cause:  fmt.Sprintf("%s failed with %s: %s", command, f.End(), f.detail()),
		Remedy: "its output above says more; `pnpm install --frozen-lockfile` in the project's folder should say the same.",
	}
}

func (f fault) fill(text string) string {
	return strings.NewReplacer("{{detail}}", f.detail(), "{{list}}", failure.List(f.list()), "{{line}}", strconv.Itoa(f.version.line())).Replace(text)
}

var (
	// begin matches the begin of pnpm's message, after the code; pnpm 12 has it on the
	// lines below.
	begin = regexp.MustCompile(`(?m)^(?:Error: ERR_PNPM_\w+$|[ \x{2009}]?\[?(?:ERR_PNPM_\w+|E[A-Z]{4,})[\]\x{2009}]?\s+)`)
	// frame matches what pnpm 12 draws around its messages.
	frame = regexp.MustCompile(`^[\s×│├╰─▶]*(?:ERR_PNPM_\w+: )?`)
	// above matches what pnpm 12 was doing.
	above = regexp.MustCompile(`^\s*× `)
)

// detail returns pnpm's message in one line, or else the last words of its output.
func (f fault) detail() string {
	at := begin.FindStringIndex(f.Output)
	if at == nil {
		return outcome.LastWords(f.Output)
	}
	var words []string
	for line := range strings.Lines(f.Output[at[1]:]) {
		plain := outcome.Plain(frame.ReplaceAllString(line, ""))
		if above.MatchString(line) || plain == "" && len(words) == 0 {
			continue
		}
		if plain == "" || strings.HasPrefix(plain, "help: ") || strings.HasPrefix(plain, "at ") || strings.Contains(line, "├─▶") && len(words) > 0 {
			break
		}
		if words = append(words, plain); !strings.HasPrefix(f.Output[at[0]:], "Error: ") {
			break // pnpm before 12 has its message in one line
		}
	}
	joined := ""
	for _, part := range words {
		if joined != "" && (!strings.HasSuffix(joined, "-") && !strings.HasSuffix(joined, "/") || strings.HasSuffix(joined, " -")) {
			joined += " "
		}
		joined += part // pnpm 12 breaks lines after these, too
	}
	return outcome.Plain(joined)
}

// listed matches a difference between the lockfile and package.json.
var listed = regexp.MustCompile(`(?m)^[│\s]*[*-] (.*(?:lockfile: |manifest: |was (?:added|removed)|were (?:added|removed)).*)$`)

// list returns the differences between the lockfile and package.json.
func (f fault) list() (all []string) {
	for _, found := range listed.FindAllStringSubmatch(f.Output, -1) {
		all = append(all, strings.TrimSpace(found[1]))
	}
	if len(all) == 0 {
		all = []string{f.detail()}
	}
	return all
}
