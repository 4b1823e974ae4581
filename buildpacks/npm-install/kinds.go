package npminstall

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// A kind is one sort of fault that can be told from npm's code. kinds.toml
// describes the fields; placeholders in the texts are the names of values.
type kind struct {
	ID        string
	Codes     []string
	Said      map[string]string // code → words of the report
	Cause     string
	Remedy    string
	RemedyIf  map[string]string `toml:"remedy-if"` // name of a condition → remedy
	Transient bool
	Elsewhere string // the id of a kind; empty for the same
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

// values are what the placeholders of kinds.toml stand for, by their names.
var values = map[string]func(fault) string{
	"detail":               fault.detail,
	"npm-line":             fault.line,
	"server":               func(f fault) string { return f.server("the registry") },
	"npm-server":           func(f fault) string { return f.server("the npm registry") },
	"elsewhere":            fault.elsewhere,
	"registry-of-lockfile": fault.lockedElsewhere,
	"drift":                listed(fault.drift),
	"conflict":             listed(fault.conflict),
	"engine":               listed(fault.engine),
	"dev-engines":          listed(fault.devEngines),
	"scripted":             listed(fault.scripted),
	"refused":              listed(fault.refused),
	"git":                  listed(fault.git),
}

func listed(lines func(fault) []string) func(fault) string {
	return func(f fault) string { return failure.List(lines(f)) }
}

// conditions are what other remedies of kinds.toml are for, by their names.
var conditions = map[string]func(fault) bool{
	"registry-of-lockfile": func(f fault) bool { return f.lockedElsewhere() != "" },
	"git-by-ssh":           fault.gitBySSH,
}

// placeholder finds the name of a value in a text.
var placeholder = regexp.MustCompile(`\{\{(.*?)\}\}`)

// fill puts the fault's values in place of the placeholders.
func (f fault) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string { return values[strings.Trim(name, "{}")](f) })
}

// kind returns the kind of the fault, and whether it is of one.
func (f fault) kind() (kind, bool) {
	code, report := f.code(), f.report()
	for _, k := range kinds() {
		words, said := k.Said[code]
		if !slices.Contains(k.Codes, code) && !(said && strings.Contains(report, words)) {
			continue
		}
		if k.Elsewhere != "" && f.elsewhere() != "" {
			return kindWith(k.Elsewhere), true
		}
		return k, true
	}
	return kind{}, false
}

// kindWith returns the kind with an id, which has to be in kinds.toml.
func kindWith(id string) kind {
	all := kinds()
	return all[slices.IndexFunc(all, func(k kind) bool { return k.ID == id })]
}

// failure is what a fault of the kind is for the app's developer.
func (k kind) failure(f fault) *failure.Failure {
	remedy := k.Remedy
	for name, other := range k.RemedyIf {
		if conditions[name](f) {
			remedy = other
		}
	}
	return &failure.Failure{ID: k.ID, Cause: f.command() + " failed: " + f.fill(k.Cause), Remedy: f.fill(remedy), Transient: k.Transient}
}
