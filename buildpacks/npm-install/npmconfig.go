package npminstall

import (
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// withConfig returns a copy of an environment in which npm's setting has that value. The
// name is as in npm's documentation, "update-notifier"; npm reads variables of
// any case, so all of them give way.
func withConfig(e environ.List, name, value string) environ.List {
	variable := "npm_config_" + strings.ReplaceAll(name, "-", "_")
	kept := make(environ.List, 0, len(e)+1)
	for _, pair := range e {
		if key, _, _ := strings.Cut(pair, "="); !strings.EqualFold(key, variable) {
			kept = append(kept, pair)
		}
	}
	return append(kept, variable+"="+value)
}

// hasConfig tells whether npm's setting is in the environment, in any case
// of letters, with a value.
func hasConfig(e environ.List, name string) bool {
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
func choosesDependencies(e environ.List) bool {
	return slices.ContainsFunc([]string{"include", "omit", "production", "only"}, func(name string) bool { return hasConfig(e, name) })
}

// places are the settings of npm's that only say where something is.
var places = []string{"userconfig", "globalconfig", "cache", "logs_dir", "tmp"}

// configOf returns the variables that are npm's settings, sorted, without
// those that hold credentials or say where npm's own files are.
func configOf(e environ.List) []string {
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
