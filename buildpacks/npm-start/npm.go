package npmstart

import "regexp"

// npmCall finds npm or npx where a command can begin, or after a program that
// starts another.
var npmCall = regexp.MustCompile(`(?:^|[\s;&|(){}'"/` + "`" + `])(npm|npx)(?:$|[\s;&|)'"` + "`" + `])`)

// CallsNPM returns "npm" or "npx" when a script seems to call one of them. It
// would rather find one too many: an argument of that name counts.
func CallsNPM(script string) (name string, calls bool) {
	if found := npmCall.FindStringSubmatch(script); found != nil {
		return found[1], true
	}
	return "", false
}
