package npminstall

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// gitNoAnswer matches messages of git and ssh about an unreachable host.
var gitNoAnswer = regexp.MustCompile(`(?m)^.*(?:Could not resolve|Connection refused|onnection timed out|Failed to connect|Could not connect to server|Couldn't connect to server|is unreachable|No route to host).*$`)

// gitAsked matches the host of the repository that git was to read, in a URL or
// in ssh's form: git@HOST:PATH.
var gitAsked = regexp.MustCompile(`(?m)^command git .*?\s(?:[a-z+]+://)?(?:[^@/\s]+@)?([A-Za-z0-9.-]+\.[A-Za-z0-9.-]+(?::\d+)?|localhost(?::\d+)?)[/:]`)

// gitUnreachable returns the host of an unreachable repository, and git's
// message; both are empty for another cause.
func (f fault) gitUnreachable() (host, words string) {
	report := f.report()
	if !strings.Contains(report, "git error") {
		return "", ""
	}
	asked := gitAsked.FindStringSubmatch(report)
	words = strings.TrimSpace(gitNoAnswer.FindString(report))
	if asked == nil || words == "" {
		return "", ""
	}
	return asked[1], words
}

func gitHostUnreachable(f fault, host, words string) error {
	return &failure.Failure{
		ID:    "dependency-source-unreachable",
		Cause: fmt.Sprintf("%s failed: a dependency comes from a git repository on %s, which cannot be reached: %s", f.command(), host, words),
		Remedy: fmt.Sprintf("let the build's network reach %s, behind a proxy with HTTPS_PROXY and an address that begins with https://, and try again; "+
			"or publish the package in a registry.", host),
		Transient: true,
	}
}

// gitRemedy is what to do about a repository that answers and does not give what
// is asked for.
func (f fault) gitRemedy() string {
	report := f.report()
	for _, sign := range []string{"ssh://", "ssh: ", " git@"} {
		if strings.Contains(report, sign) {
			return "a build has no SSH keys: name the repository by https://, with a token in the build's git configuration where it is private, or publish the package in a registry."
		}
	}
	return "check the repository's address in package.json and the lockfile, and that the commit or branch is still there. " +
		"Where it is private, a token belongs into the build's git configuration; or publish the package in a registry."
}
