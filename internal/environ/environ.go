package npminstall

import (
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Environ is a process's environment as os.Environ gives it: "NAME=value".
// Where a name stands twice, the last one counts.
type Environ []string

// Lookup returns a variable's value, and whether it is set at all.
func (e Environ) Lookup(name string) (value string, set bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(e[i], "="); key == name {
			return value, true
		}
	}
	return "", false
}

// Get returns a variable's value; empty when it is not set.
func (e Environ) Get(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// With returns a copy in which the variable has that value.
func (e Environ) With(name, value string) Environ {
	return append(e.Without(name), name+"="+value)
}

// Default returns a copy in which the variable has that value, unless it has
// one that is not empty.
func (e Environ) Default(name, value string) Environ {
	if e.Get(name) != "" {
		return e
	}
	return e.With(name, value)
}

// Without returns a copy in which the variable is not set.
func (e Environ) Without(name string) Environ {
	kept := make(Environ, 0, len(e)+1)
	for _, pair := range e {
		if key, _, _ := strings.Cut(pair, "="); key != name {
			kept = append(kept, pair)
		}
	}
	return kept
}

// WithNPMConfig returns a copy in which npm's setting has that value. The
// name is as in npm's documentation, "update-notifier"; npm reads variables of
// any case, so all of them give way.
func (e Environ) WithNPMConfig(name, value string) Environ {
	variable := "npm_config_" + strings.ReplaceAll(name, "-", "_")
	kept := make(Environ, 0, len(e)+1)
	for _, pair := range e {
		if key, _, _ := strings.Cut(pair, "="); !strings.EqualFold(key, variable) {
			kept = append(kept, pair)
		}
	}
	return append(kept, variable+"="+value)
}

// hasNPMConfig tells whether npm's setting is in the environment, in any case
// of letters, with a value.
func (e Environ) hasNPMConfig(name string) bool {
	variable := "npm_config_" + strings.ReplaceAll(name, "-", "_")
	for _, pair := range e {
		if key, value, _ := strings.Cut(pair, "="); strings.EqualFold(key, variable) && value != "" {
			return true
		}
	}
	return false
}

// choosesDependencies tells whether npm's settings in the environment say which
// kinds of dependencies count.
func (e Environ) choosesDependencies() bool {
	return slices.ContainsFunc([]string{"include", "omit", "production", "only"}, e.hasNPMConfig)
}

// places are the settings of npm's that only say where something is.
var places = []string{"userconfig", "globalconfig", "cache", "logs_dir", "tmp"}

// NPMConfig returns the variables that are npm's settings, sorted, without
// those that hold credentials or say where npm's own files are.
func (e Environ) NPMConfig() []string {
	var all []string
	for _, pair := range e {
		name, value, _ := strings.Cut(pair, "=")
		key, ok := strings.CutPrefix(strings.ToLower(name), "npm_config_")
		if ok && !npmrc.IsCredential(key) && !slices.Contains(places, strings.ReplaceAll(key, "-", "_")) {
			all = append(all, name+"="+npmrc.WithoutLogin(value))
		}
	}
	sort.Strings(all)
	return all
}
