package npmrc

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// setting is one of an npmrc file.
type setting struct {
	nested  bool   // stands in a section, which npm takes no notice of
	section string // the name of that
	key     string
	list    bool // key[] = value
	bare    bool // a key alone, which npm takes for true
	value   string
}

// header is a line that begins a section. As for npm nothing may stand before
// it or behind it.
var header = regexp.MustCompile(`^\[([^\]]*)\]\s*$`)

// entries reads an npmrc file as npm's own reader does: "key = value" lines,
// with "#" and ";" comments, quotes, lists and sections, and ${NAME} in keys and
// values.
func entries(text string, lookup func(string) (string, bool)) []setting {
	var all []setting
	nested, section := false, ""
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if found := header.FindStringSubmatch(line); found != nil {
			nested, section = true, unquote(found[1])
			continue
		}
		trimmed := trim(line)
		if trimmed == "" || strings.ContainsAny(trimmed[:1], "#;=") {
			continue
		}
		key, value, hasValue := strings.Cut(line, "=")
		one := setting{nested: nested, section: section, bare: !hasValue, value: "true"}
		one.key, one.list = strings.CutSuffix(unquote(key), "[]")
		if one.key = expand(one.key, lookup); one.key == "" {
			continue
		}
		if hasValue {
			one.value = expand(unquote(value), lookup)
		}
		all = append(all, one)
	}
	return all
}

// parse returns the settings of an npmrc file that are text and stand in no
// section. A key that stands twice has its last value; one that is a list, and
// one without a value, is left out.
func parse(text string, lookup func(string) (string, bool)) map[string]string {
	values, lists := map[string]string{}, map[string]bool{}
	for _, one := range entries(text, lookup) {
		if one.nested || one.bare {
			continue
		}
		if lists[one.key] = lists[one.key] || one.list; lists[one.key] {
			delete(values, one.key)
			continue
		}
		values[one.key] = one.value
	}
	return values
}

// trim takes off what JavaScript takes for white space, a byte order mark too.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return r == '\ufeff' || unicode.IsSpace(r) && r != '\u0085' })
}

// unquote takes quotes off, or, where there are none, a comment. Between quotes
// of either kind the text is JSON where it can be.
func unquote(text string) string {
	text = trim(text)
	quoted := func(quote string) bool { return strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) }
	if quoted(`"`) || quoted(`'`) {
		if text[0] == '\'' {
			text = text[1:max(len(text)-1, 1)]
		}
		var s string
		if json.Unmarshal([]byte(text), &s) == nil {
			return s
		}
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text) && strings.IndexByte(`\;#`, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		case ch == ';' || ch == '#':
			return trim(b.String())
		default:
			b.WriteByte(ch)
		}
	}
	return trim(b.String())
}

// variable is ${NAME} or ${NAME?}, with the backslashes before it.
var variable = regexp.MustCompile(`(\\*)\$\{([^${}?]+)(\?)?\}`)

// expand replaces ${NAME} by the variable's value. One that is not set stays
// as it is; with a question mark, ${NAME?}, it becomes nothing. An odd number of
// backslashes before it keeps it as it is; half of them are taken away.
func expand(text string, lookup func(string) (string, bool)) string {
	return variable.ReplaceAllStringFunc(text, func(whole string) string {
		parts := variable.FindStringSubmatch(whole)
		escapes, name, optional := parts[1], parts[2], parts[3] != ""
		if len(escapes)%2 == 1 {
			return whole[(len(escapes)+1)/2:]
		}
		value, set := lookup(name)
		if !set && !optional {
			value = "${" + name + "}"
		}
		return escapes[len(escapes)/2:] + value
	})
}
