// Package ansi takes out of text what a terminal would act upon.
package ansi

import (
	"regexp"
	"strings"
)

// Whoever wrote a script, a package or an image chose what is passed on, and no
// terminal is to act upon it.

// escapes are control sequences and strings (ECMA-48, 5.4 and 5.6), the other
// control characters but the tabulator, and what changes the order in which text
// is shown.
var escapes = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|(?:\x1b[\]P^_X]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\a\x1b\x{9c}]*(?:\a|\x1b\\|\x{9c})?|\x1b[ -/]*[0-~]?|\x{9b}[0-?]*[ -/]*[@-~]|[\x00-\x08\x0a-\x1f\x7f\x{80}-\x{9f}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]`)

// colours are the sequences that change how what follows looks (ECMA-48,
// 8.3.117), and nothing else.
var colours = regexp.MustCompile(`^\x1b\[[0-9;:]*m$`)

// Normal ends all colours (ECMA-48, 8.3.117).
const Normal = "\x1b[0m"

// Clean is a line as a terminal would show it in the end, without anything that a
// terminal acts upon.
func Clean(text string) string {
	return escapes.ReplaceAllString(inTheEnd(text), "")
}

// inTheEnd is what a line shows after the last return to its beginning.
func inTheEnd(text string) string {
	text = strings.TrimRight(text, "\r")
	if at := strings.LastIndexByte(text, '\r'); at >= 0 {
		text = text[at+1:]
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// CleanLines is a text of several lines, each clean.
func CleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n")
}

// Coloured is a clean line with the colours it had. They end with it.
func Coloured(text string) string {
	any := false
	text = escapes.ReplaceAllStringFunc(inTheEnd(text), func(found string) string {
		if !colours.MatchString(found) {
			return ""
		}
		any = true
		return found
	})
	if any {
		text += Normal
	}
	return text
}
