package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"
)

// Typo is a variable whose name resembles a setting's.
type Typo struct {
	Got   string // as it is set: "BP_NODE_VERSON"
	Meant string // the setting with a similar name
}

// WarningOfTypos wraps a build. After it, failed or not, it warns about every
// variable in environ (in os.Environ's form) whose name is similar to that of a
// setting in the buildpack's buildpack.toml. Such a variable would have no
// effect.
func WarningOfTypos(build packit.BuildFunc, environ []string, warn func(format string, arguments ...any)) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		result, err := build(context)
		names, declaredErr := declared(filepath.Join(context.CNBPath, "buildpack.toml"))
		if declaredErr != nil {
			return result, err // warnings are optional
		}
		for _, typo := range Typos(environ, names) {
			warn("WARNING: no buildpack reads %s. Did you mean %s?", typo.Got, typo.Meant)
		}
		return result, err
	}
}

// declared returns the names of a buildpack's settings. It does not parse the
// dependencies, which come last: node-engine has thousands of lines of them.
func declared(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the names of settings: %w", err)
	}
	upper, _, _ := strings.Cut(string(text), "\n[[metadata.dependencies]]")
	var descriptor struct {
		Metadata struct {
			Configurations []struct{ Name string }
		}
	}
	if _, err := toml.Decode(upper, &descriptor); err != nil {
		return nil, fmt.Errorf("reading the names of settings: %w", err)
	}
	var names []string
	for _, one := range descriptor.Metadata.Configurations {
		names = append(names, one.Name)
	}
	return names, nil
}

// Typos returns the BP_* and BPL_* variables in environ that match no name but
// are similar to one: one letter is wrong, missing, extra or transposed; or
// two, after the same prefix (BP_NODE_). A name that ends with <…> matches
// every name with that prefix.
func Typos(environ, names []string) []Typo {
	var typos []Typo
	for _, pair := range environ {
		got, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(got, "BP_") && !strings.HasPrefix(got, "BPL_") && !strings.HasPrefix(got, "PB_") {
			continue
		}
		if slices.ContainsFunc(names, func(name string) bool { return is(got, name) }) {
			continue
		}
		best, least := "", 3
		for _, name := range names {
			if d := Distance(got, name); d < least && (d == 1 || beginning(got) == beginning(name)) {
				best, least = name, d
			}
		}
		if best != "" {
			typos = append(typos, Typo{Got: got, Meant: best})
		}
	}
	return typos
}

// is reports whether a variable is the setting with that name.
func is(variable, name string) bool {
	prefix, _, family := strings.Cut(name, "<")
	return variable == name || family && strings.HasPrefix(variable, prefix)
}

// beginning returns a name's prefix up to its second underscore.
func beginning(name string) string {
	words := strings.SplitN(name, "_", 3)
	return strings.Join(words[:min(2, len(words))], "_")
}

// Distance returns the number of substitutions, insertions, deletions and
// transpositions that turn one text into the other (optimal string alignment).
func Distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
