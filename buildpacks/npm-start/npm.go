package npmstart

import (
	"maps"
	"regexp"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/procfile"
)

// CallsNPM returns "npm" or "npx" if a script seems to call one of them, see
// [procfile.CallsNPM].
func CallsNPM(script string) (name string, calls bool) { return procfile.CallsNPM(script) }

// throughNPM matches a program that runs scripts through npm, with its arguments.
var throughNPM = regexp.MustCompile(`(?:^|[\s;&|(){}'"/])(run-s|run-p|npm-run-all2?|concurrently)\s(.*)`)

// needsNPM returns the program of a script that is npm or npx, or that needs npm
// for what it starts.
func needsNPM(script string) (name string, needs bool) {
	if name, calls := CallsNPM(script); calls {
		return name, true
	}
	found := throughNPM.FindStringSubmatch(script)
	if found == nil || found[1] == "concurrently" && !npmScript.MatchString(found[2]) {
		return "", false
	}
	return found[1], true
}

// calls reports whether a process for tests or development calls a manager, by one
// of these names: itself, or through npm, which runs other scripts.
func (s start) calls(names ...string) bool {
	if !s.execEnv.Develops() {
		return false // the text of scripts stands in place of such calls
	}
	texts := []string{}
	for _, one := range s.scripts() {
		texts = append(texts, one.text)
	}
	if s.npmReason() != "" {
		texts = slices.AppendSeq(texts, maps.Values(s.pkg.Scripts))
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return callsProgram(text, name) })
	})
}

// callsProgram reports whether a script seems to call a program.
func callsProgram(script, program string) bool {
	return regexp.MustCompile(`(?:^|[\s;&|(){}'"/=])` + regexp.QuoteMeta(program) + `(?:$|[\s;&|(){}'"])`).MatchString(script)
}

// npmScript matches concurrently's form of a script: "npm:watch".
var npmScript = regexp.MustCompile(`(?:^|[\s'"])npm:\S`)
