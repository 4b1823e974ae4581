package npmrange

import (
	"regexp"
	"strings"
)

// The tokens of the grammar. White space is normalized to single spaces first.
const (
	digits     = `0|[1-9][0-9]*`
	number     = `(` + digits + `|[xX*])`
	identifier = `(?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|` + digits + `)`
	prerelease = `(?:-(` + identifier + `(?:\.` + identifier + `)*))`
	version    = number + `(?:\.` + number + `(?:\.` + number + prerelease + `?)?)?`
	signs      = `[v= ]*` // node-semver accepts any number of these before a version
	comparison = `[<>]?=?`
)

var (
	build       = regexp.MustCompile(`\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`)
	hyphenated  = regexp.MustCompile(`^ ?(` + signs + version + `) - (` + signs + version + `) ?$`)
	operatorGap = regexp.MustCompile(`( ?` + comparison + `) ?(` + signs + version + `)`)
	tildeGap    = regexp.MustCompile(`~>? +`)
	caretGap    = regexp.MustCompile(`\^ +`)
	wordPattern = regexp.MustCompile(`^(\^|~>?|` + comparison + `)(` + signs + `)` + version + `$`)
	star        = regexp.MustCompile(`[<>]?=? ?\*`)
)

// isSpace reports whether a rune is white space in JavaScript.
func isSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= '\u2000' && r <= '\u200a':
		return true
	}
	return strings.ContainsRune(" \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff", r)
}

// alternatives returns the parts separated by ||, with single spaces.
func alternatives(text string) []string {
	parts := strings.Split(strings.Join(strings.FieldsFunc(text, isSpace), " "), "||")
	for i, part := range parts {
		parts[i] = strings.Trim(part, " ")
	}
	return parts
}

// parseAlternative reads words with spaces between them.
func parseAlternative(text string) (alternative, bool) {
	text = build.ReplaceAllString(text, "")
	text = withoutHyphen(text)
	text = operatorGap.ReplaceAllString(text, "$1$2")
	text = tildeGap.ReplaceAllString(text, "~")
	text = caretGap.ReplaceAllString(text, "^")
	var all alternative
	for word := range strings.SplitSeq(text, " ") {
		comparators, ok := parseWord(word)
		if !ok {
			return nil, false
		}
		all = append(all, comparators...)
	}
	return all, true
}

// withoutHyphen rewrites "A - B" with operators: at least A, and at most B or
// the last version that begins with B.
func withoutHyphen(text string) string {
	m := hyphenated.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	from, to := newPartial(m[2:]), newPartial(m[7:])
	lower, upper := ">="+m[1], "<="+m[6]
	switch from.known {
	case 0:
		lower = ""
	case 1, 2:
		lower = ">=" + from.lowest().String()
	}
	switch {
	case to.known == 0:
		upper = ""
	case to.known < 3:
		upper = "<" + to.above(to.known).String()
	case to.prerelease != "":
		upper = "<=" + to.lowest().String()
	}
	return lower + " " + upper
}

// parseWord reads an operator and a version or the beginning of one.
func parseWord(word string) ([]comparator, bool) {
	if m := wordPattern.FindStringSubmatch(word); m != nil {
		operator, p := m[1], newPartial(m[3:])
		switch {
		case operator == "^":
			return p.caret()
		case operator == "~" || operator == "~>":
			return p.tilde()
		case p.known < 3 && p.inOrder:
			return p.begun(strings.TrimPrefix(operator, "="))
		}
	}
	// node-semver removes the first star, wherever it is.
	if at := star.FindStringIndex(word); at != nil {
		word = word[:at[0]] + word[at[1]:]
	}
	if word == "" {
		return nil, true
	}
	return parseWhole(word)
}

// parseWhole reads an operator, or none, and a version with all its numbers.
func parseWhole(word string) ([]comparator, bool) {
	m := wordPattern.FindStringSubmatch(word)
	if m == nil || strings.ContainsAny(m[1], "^~") || (m[2] != "" && m[2] != "v") {
		return nil, false
	}
	p := newPartial(m[3:])
	operator := m[1]
	if operator == "" {
		operator = "="
	}
	if p.known < 3 {
		return nil, false
	}
	return comparators(comparator{operator, p.lowest()})
}
