package npmstart

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

// variablesLayer holds the variables that the user gives the app at build. The
// lifecycle reads it after this buildpack's other layers, in whose place they
// are.
const variablesLayer = "variables"

// givenPrefix is how settings begin that are variables for the app: BPE_NAME,
// BPE_DEFAULT_NAME ….
const givenPrefix = "BPE_"

// actions are what may stand before the name, and the endings of a layer's
// files that mean the same. Without any of them a variable is set in any case.
var actions = []struct{ prefix, ending string }{
	{"APPEND_", "append"}, {"DEFAULT_", "default"}, {"DELIM_", "delim"}, {"OVERRIDE_", "override"}, {"PREPEND_", "prepend"}, {"", "override"},
}

// variableName is what a variable for the app may be called.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// givenVariables are the files of a layer for the BPE_ variables of the
// environment.
func givenVariables(given environ.List) (packit.Environment, error) {
	env, from := packit.Environment{}, map[string]string{}
	for _, pair := range given {
		setting, value, _ := strings.Cut(pair, "=")
		rest, ok := strings.CutPrefix(setting, givenPrefix)
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
					Remedy: fmt.Sprintf("call it %s%sNAME.", givenPrefix, action.prefix),
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

// describeVariables logs what is given, without the values, and warns of what
// would take node away from the app.
func describeVariables(log scribe.Emitter, env packit.Environment) {
	if len(env) == 0 {
		return
	}
	log.Process("Giving the app variables of the build:")
	for _, file := range sortedNames(env) {
		name, ending, _ := strings.Cut(file, ".")
		if ending != "delim" {
			log.Subprocess("%s: %s", name, ending)
		}
	}
	log.Break()
	const path = "PATH"
	if _, set := env[path+".override"]; set {
		warn(log, "[path-replaced] the app's PATH is what "+givenPrefix+path+" says, and programs such as node are found there only. "+givenPrefix+"PREPEND_PATH with "+givenPrefix+"DELIM_PATH=: adds to it")
	}
	for _, ending := range []string{"append", "prepend"} {
		_, set := env[path+"."+ending]
		if _, divided := env[path+".delim"]; set && !divided {
			warn(log, "[path-not-divided] nothing stands between the app's PATH and what "+givenPrefix+strings.ToUpper(ending)+"_PATH adds to it: set "+givenPrefix+"DELIM_PATH=:")
		}
	}
}
