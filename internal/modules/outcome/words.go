package outcome

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// thrownError matches an uncaught exception, as Node.js prints it.
var thrownError = regexp.MustCompile(`(?m)^(\w*Error: .*)$`)

// frame matches lines about the place of an error, not its cause: announcements of
// scripts, and the lines around an exception of Node.js.
var frame = regexp.MustCompile(`^(?:> |at |\^|node:|Node\.js v\d|[{}\[\]();,]*$)`)

// LastWords returns the last error message in the output of a program: the last
// uncaught exception, or the last line, or "".
func LastWords(output string) string {
	if found := thrownError.FindAllStringSubmatch(output, -1); found != nil {
		return Plain(found[len(found)-1][1])
	}
	for _, line := range slices.Backward(strings.Split(output, "\n")) {
		if line = Plain(line); line != "" && !frame.MatchString(line) {
			return line
		}
	}
	return ""
}

// escape matches terminal control sequences.
var escape = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)`)

// maxWords is the maximal length of a repeated line in characters.
const maxWords = 300

// Plain returns a line without terminal control sequences, and shortened.
func Plain(line string) string {
	line = strings.ToValidUTF8(escape.ReplaceAllString(line, ""), "?")
	line = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line))
	if runes := []rune(line); len(runes) > maxWords {
		return string(runes[:maxWords]) + "…"
	}
	return line
}
