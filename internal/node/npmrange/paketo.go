package npmrange

import (
	"regexp"
	"strings"
)

// rubyTilde matches "~>" with two numbers, the only form that Ruby and npm read
// differently.
var rubyTilde = regexp.MustCompile(`~>\s*v?(\d+\.\d+)([\s,|]|$)`)

// FromPaketo translates Paketo's syntax that npm does not accept, or reads
// differently, into npm's: a comma for "and" (">=20, <23"), and Ruby's "~>"
// ("~> 24.1" is "^24.1"). It returns other text unchanged.
func FromPaketo(text string) string {
	text = rubyTilde.ReplaceAllString(text, "^$1$2")
	if !strings.Contains(text, ",") {
		return text
	}
	alternatives := strings.Split(text, "||")
	for i, a := range alternatives {
		parts := strings.Split(a, ",")
		for j, part := range parts {
			if parts[j] = strings.TrimSpace(part); parts[j] == "" && len(parts) > 1 {
				return text
			}
		}
		alternatives[i] = strings.Join(parts, " ")
	}
	return strings.Join(alternatives, " || ")
}
