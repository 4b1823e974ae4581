package imagesettings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

// VariablePrefix is the prefix of settings that set variables for the app: BPE_NAME,
// BPE_DEFAULT_NAME ….
const VariablePrefix = "BPE_"

// actions are the words before the name, and the corresponding endings of a
// layer's files. Without one, the variable overrides any other value.
var actions = []struct{ prefix, ending string }{
	{"APPEND_", "append"}, {"DEFAULT_", "default"}, {"DELIM_", "delim"}, {"OVERRIDE_", "override"}, {"PREPEND_", "prepend"}, {"", "override"},
}

// variableName matches valid names of variables for the app.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Variables returns a layer's files for the BPE_ variables of the
// environment.
func Variables(given environ.List) (packit.Environment, error) {
	env, from := packit.Environment{}, map[string]string{}
	for _, pair := range given {
		setting, value, _ := strings.Cut(pair, "=")
		rest, ok := strings.CutPrefix(setting, VariablePrefix)
		if !ok {
			continue
		}
		for _, action := range actions {
			name, ok := strings.CutPrefix(rest, action.prefix)
			if !ok {
				continue
			}
			if !variableName.MatchString(name) {
				return nil, &failure.Failure{
					ID:     "setting-invalid",
					Cause:  fmt.Sprintf("%s names the variable %q for the app, want a name of letters, digits, - and _ that begins with no digit", setting, name),
					Remedy: fmt.Sprintf("call it %s%sNAME.", VariablePrefix, action.prefix),
				}
			}
			file := name + "." + action.ending
			if before, twice := env[file]; twice && before != value {
				return nil, &failure.Failure{
					ID:     "setting-invalid",
					Cause:  fmt.Sprintf("%s and %s give %s two values", from[file], setting, name),
					Remedy: "leave one of them out.",
				}
			}
			env[file], from[file] = value, setting
			break
		}
	}
	return env, nil
}

// DescribeVariables logs the variables, without values, and warns of those that
// hide node from the app.
func DescribeVariables(log scribe.Emitter, env packit.Environment) {
	if len(env) == 0 {
		return
	}
	log.Process("Giving the app variables of the build:")
	for _, file := range slices.Sorted(maps.Keys(env)) {
		name, ending, _ := strings.Cut(file, ".")
		if ending != "delim" {
			log.Subprocess("%s: %s", name, ending)
		}
	}
	log.Break()
	const path = "PATH"
	if _, set := env[path+".override"]; set {
		warn(log, "[path-replaced] the app's PATH is what "+VariablePrefix+path+" says, and programs such as node are found there only. "+VariablePrefix+"PREPEND_PATH with "+VariablePrefix+"DELIM_PATH=: adds to it")
	}
	for _, ending := range []string{"append", "prepend"} {
		_, set := env[path+"."+ending]
		if _, divided := env[path+".delim"]; set && !divided {
			warn(log, "[path-not-divided] nothing stands between the app's PATH and what "+VariablePrefix+strings.ToUpper(ending)+"_PATH adds to it: set "+VariablePrefix+"DELIM_PATH=:")
		}
	}
}

func warn(log scribe.Emitter, text string) {
	log.Process("WARNING: %s", text)
	log.Break()
}
