//go:build linux

package descriptor

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// special are the characters that pack's library passes to regular expressions,
// or interprets differently than git.
const special = `?+(){}|^$[\`

// asGit rewrites a gitignore pattern so that pack's library, go-gitignore,
// interprets it as git does (gitignore(5), "PATTERN FORMAT"): ? is any one
// character but a slash, [!a] any one but a and a slash, \ escapes a character,
// and + ( ) { } | ^ $ are literal. A pattern without any of these is unchanged,
// so that it has the same meaning as in pack. Ok is false for an unclosed [ or a
// trailing \.
func asGit(pattern string) (line string, ok bool) {
	if !strings.ContainsAny(pattern, special) || strings.HasPrefix(pattern, "#") {
		return pattern, true
	}
	var out strings.Builder
	rest, negated := strings.CutPrefix(pattern, "!")
	if negated {
		out.WriteByte('!')
	}
	for begin := true; rest != ""; begin = false {
		char, size := utf8.DecodeRuneInString(rest)
		switch {
		case char == '?':
			out.WriteString(notSlash + "]")
		case char == '[':
			if size = class(&out, rest); size == 0 {
				return "", false
			}
		case char == '\\' && len(rest) > 1:
			escaped, more := utf8.DecodeRuneInString(rest[1:])
			out.WriteString(itself(escaped))
			size += more
		case char == '\\':
			return "", false
		case strings.ContainsRune(special, char), begin && negated && (char == '!' || char == '#'):
			out.WriteString(itself(char))
		default: // the library handles *, / and what is around them
			out.WriteRune(char)
		}
		rest = rest[size:]
	}
	return out.String(), true
}

// notSlash begins a negated class that includes the slash.
const notSlash = `[^\x2f`

// itself returns a literal character, for both the library, which looks at
// characters, and regular expressions.
func itself(char rune) string {
	if char == '.' || char == '/' { // the library splits paths at these
		return string(char)
	}
	return fmt.Sprintf(`\x{%x}`, char)
}

// class translates a [...] and returns its length, 0 if it is unclosed.
func class(out *strings.Builder, text string) int {
	at := 1
	begin := "["
	if strings.HasPrefix(text[1:], "!") || strings.HasPrefix(text[1:], "^") {
		at, begin = 2, notSlash
	}
	var inside strings.Builder
	for first := true; at < len(text); first = false {
		char, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case char == ']' && !first:
			out.WriteString(begin + inside.String() + "]")
			return at + 1
		case strings.HasPrefix(text[at:], "[:") && strings.Contains(text[at:], ":]"):
			size = strings.Index(text[at:], ":]") + 2
			inside.WriteString(text[at : at+size])
		case char == '\\' && at+1 < len(text):
			escaped, more := utf8.DecodeRuneInString(text[at+1:])
			inside.WriteString(fmt.Sprintf(`\x{%x}`, escaped))
			size += more
		case char == '-':
			inside.WriteByte('-')
		default:
			inside.WriteString(fmt.Sprintf(`\x{%x}`, char))
		}
		at += size
	}
	return 0
}
