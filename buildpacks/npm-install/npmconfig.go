package npminstall

import (
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// withConfig returns a copy of an environment with a value for an npm setting.
// The name is as in npm's documentation, "update-notifier"; npm reads variables
// in any case, so withConfig replaces all of them.
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

// hasConfig reports whether the environment has a value for an npm setting, in
// any case.
func hasConfig(e environ.List, name string) bool {
	variable := "npm_config_" + strings.ReplaceAll(name, "-", "_")
	for _, pair := range e {
		if key, value, _ := strings.Cut(pair, "="); strings.EqualFold(key, variable) && value != "" {
			return true
		}
	}
	return false
}

// choosesDependencies reports whether npm's settings in the environment select
// kinds of dependencies.
func choosesDependencies(e environ.List) bool {
	return slices.ContainsFunc([]string{"include", "omit", "production", "only"}, func(name string) bool { return hasConfig(e, name) })
}

// isSecret reports whether a variable is an npm setting with a credential.
func isSecret(variable string) bool {
	key, ok := strings.CutPrefix(strings.ToLower(variable), "npm_config_")
	return ok && npmrc.IsCredential(key)
}

// places are the npm settings that are only paths.
var places = []string{"userconfig", "globalconfig", "cache", "logs_dir", "tmp"}

// configOf returns the environment variables that are npm settings, sorted,
// without credentials and paths of npm's own files.
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
