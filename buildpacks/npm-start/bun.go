package npmstart

import (
	"fmt"
	"regexp"
)

// callsBun matches a command of Bun in a script.
var callsBun = regexp.MustCompile(`(?:^|[\s;&|(){}'"])(bunx?)(?:\s|$)`)

// bunReason says which script calls Bun, itself or through other scripts, or "" if
// none does or npm-install does not have it.
func (s start) bunReason() string {
	if !s.hasBun {
		return ""
	}
	for _, one := range s.scripts() {
		if name := s.bunIn(one.text, map[string]bool{}); name != "" {
			return fmt.Sprintf("%s calls %s", one.where(), name)
		}
	}
	return ""
}

// bunIn returns the name with which a script calls Bun, or "". Scripts that seen has
// are passed over.
func (s start) bunIn(text string, seen map[string]bool) string {
	if found := callsBun.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	for _, called := range scriptCalls.FindAllStringSubmatch(text, -1) {
		for _, name := range []string{"pre" + called[1], called[1], "post" + called[1]} {
			if inner := s.pkg.Scripts[name]; inner != "" && !seen[name] {
				seen[name] = true
				if found := s.bunIn(inner, seen); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// scriptCalls matches a call of a script through npm, or one of concurrently's.
var scriptCalls = regexp.MustCompile(`npm(?::| run(?:-script)? )([^\s'";&|]+)`)

// ofBun is the fate of a command of Bun, which only the app's package manager or a
// package of the app brings.
func (o oracle) ofBun(program string) fate {
	if o.hasBun || o.command(program) == present {
		return fate{}
	}
	return fate{
		kind: dies, program: program, why: fmt.Sprintf("calls %s, which the app image does not have: the package manager is not Bun", program),
		fix: `let Bun be the package manager ("packageManager": "bun@1.4.5" in package.json, with a bun.lock), start with node, or build with a run image that has Bun`,
	}
}
