package npmstart

import (
	"regexp"

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

// npmScript matches concurrently's form of a script: "npm:watch".
var npmScript = regexp.MustCompile(`(?:^|[\s'"])npm:\S`)
