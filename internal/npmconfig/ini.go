package npmconfig

import (
	"encoding/json"
	"strings"
)

// parse reads an npmrc file: "key = value" lines, with "#" and ";" comments,
// quotes, and ${NAME} in keys and values. Lists (key[] = value) and sections
// mean nothing here and are left out. A key that stands twice has its last
// value.
func parse(text string, lookup func(string) (string, bool)) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsAny(line[:1], "#;[") {
			continue
		}
		key, value, hasValue := strings.Cut(line, "=")
		key = expand(unquote(strings.TrimSpace(key)), lookup)
		if !hasValue || key == "" || strings.HasSuffix(key, "[]") {
			continue
		}
		values[key] = expand(unquote(strings.TrimSpace(value)), lookup)
	}
	return values
}

// unquote takes quotes off, or, where there are none, a comment.
func unquote(text string) string {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		var s string
		if json.Unmarshal([]byte(text), &s) == nil {
			return s
		}
		return text
	}
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		return text[1 : len(text)-1]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text) && strings.IndexByte(`\;#`, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		case ch == ';' || ch == '#':
			return strings.TrimSpace(b.String())
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// expand replaces ${NAME} by the variable's value. One that is not set stays
// as it is; with a question mark, ${NAME?}, it becomes nothing.
func expand(text string, lookup func(string) (string, bool)) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		value, set := lookup(strings.TrimSuffix(name, "?"))
		switch {
		case set:
			b.WriteString(value)
		case !strings.HasSuffix(name, "?"):
			b.WriteString("${" + name + "}")
		}
		text = after
	}
}
