package npmrc

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// setting is a setting of an npmrc file.
type setting struct {
	nested  bool   // in a section, which npm ignores
	section string // the section's name
	key     string
	list    bool // key[] = value
	bare    bool // a key alone, which npm reads as true
	value   string
}

// name returns the setting's name for [Config.Names].
func (s setting) name() string {
	switch {
	case s.list:
		return s.key + "[]"
	case s.bare:
		return s.key + "="
	}
	return s.key
}

// header matches the start of a section. As in npm, the line must have nothing
// else.
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

// parse returns an npmrc file's text settings outside sections. The last value
// of a key wins; parse omits lists, and keys without a value.
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

// trim removes JavaScript's white space, including a byte order mark.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return r == '\ufeff' || unicode.IsSpace(r) && r != '\u0085' })
}

// unquote removes quotes or, without quotes, a comment. It decodes quoted text
// as JSON if it is valid JSON.
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

// expand replaces ${NAME} by the variable's value. An unset ${NAME} stays
// unchanged; an unset ${NAME?} becomes empty. An odd number of backslashes
// before it escapes it; half of them are removed.
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
