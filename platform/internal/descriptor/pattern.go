//go:build linux

package descriptor

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// special are the characters that pack's library hands on to regular
// expressions, or reads in another way than git.
const special = `?+(){}|^$[\`

// asGit writes a pattern of git's so that pack's library, go-gitignore, means
// by it what git does (gitignore(5), "PATTERN FORMAT"): a ? is any one character
// but a slash, [!a] any one but a and a slash, \ takes a character for itself,
// and + ( ) { } | ^ $ are nothing but themselves. A pattern without any of these
// comes back as it is, so that it means what it means to pack. It is not ok
// where a [ is not closed, or a \ at the end takes nothing.
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
		default: // * and / and what is around them are the library's
			out.WriteRune(char)
		}
		rest = rest[size:]
	}
	return out.String(), true
}

// notSlash begins a class of all characters but some, of which the slash is one.
const notSlash = `[^\x2f`

// itself is a character that no one takes for anything else: neither the
// library, which goes by characters, nor a regular expression.
func itself(char rune) string {
	if char == '.' || char == '/' { // the library's, for a path's parts
		return string(char)
	}
	return fmt.Sprintf(`\x{%x}`, char)
}

// class writes a [...] and returns its length, 0 where it has no end.
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
