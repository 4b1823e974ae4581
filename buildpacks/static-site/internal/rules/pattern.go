package rules

import (
	"strings"
)

// Pattern is the path of a rule, with placeholders (/posts/:year) and at most one
// splat, which is its last segment (/blog/*). A slash at the end means nothing.
type Pattern string

// Match compares a path, which begins with a slash, with the pattern. It returns
// the values of the placeholders, and of the splat under its own name.
func (p Pattern) Match(path string) (values map[string]string, ok bool) {
	want, got := segments(string(p)), segments(path)
	for i, segment := range want {
		if segment == "*" {
			return with(values, splat, strings.Join(got[min(i, len(got)):], "/")), len(got) >= i
		}
		if i >= len(got) {
			return nil, false
		}
		if name, isPlaceholder := strings.CutPrefix(segment, ":"); isPlaceholder {
			values = with(values, name, got[i])
		} else if segment != got[i] {
			return nil, false
		}
	}
	return values, len(want) == len(got)
}

// splat is the name of what a star matches.
const splat = "splat"

func with(values map[string]string, name, value string) map[string]string {
	if values == nil {
		values = map[string]string{}
	}
	values[name] = value
	return values
}

func segments(path string) []string {
	if path = strings.Trim(path, "/"); path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// check says what is wrong with a pattern; empty for nothing.
func (p Pattern) check() string {
	if !strings.HasPrefix(string(p), "/") {
		return "it begins with no slash: rules for another host or scheme are not read"
	}
	all := segments(string(p))
	for i, segment := range all {
		if strings.Contains(segment, "*") && (segment != "*" || i != len(all)-1) {
			return "a star stands alone at the end of a path, as in /blog/*"
		}
	}
	return ""
}

// fill replaces placeholders by their values. An unknown name stays as it is.
func fill(text string, values map[string]string) string {
	if len(values) == 0 || !strings.Contains(text, ":") {
		return text
	}
	var b strings.Builder
	for {
		at := strings.IndexByte(text, ':')
		if at < 0 {
			return b.String() + text
		}
		end := at + 1
		for end < len(text) && isNameByte(text[end]) {
			end++
		}
		b.WriteString(text[:at])
		if value, known := values[text[at+1:end]]; known {
			b.WriteString(value)
		} else {
			b.WriteString(text[at:end])
		}
		text = text[end:]
	}
}

func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
