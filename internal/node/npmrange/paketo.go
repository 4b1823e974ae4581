package npmrange

import (
	"regexp"
	"strings"
)

// rubyTilde is "~>" with two numbers, the one form in which Ruby and npm take
// it for different things.
var rubyTilde = regexp.MustCompile(`~>\s*v?(\d+\.\d+)([\s,|]|$)`)

// FromPaketo puts what users of Paketo's buildpacks write, and npm does not
// take or takes for something else, into npm's words: a comma for "and"
// (">=20, <23"), and "~>" as Ruby has it ("~> 24.1" is "^24.1"). Other text
// comes back as it is.
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
