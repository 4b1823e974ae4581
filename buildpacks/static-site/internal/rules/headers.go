package rules

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Headers is a rule of a file _headers: the fields for the answers to a path.
type Headers struct {
	Path   Pattern  `json:"path"`
	Set    []Field  `json:"set,omitempty"`
	Remove []string `json:"remove,omitempty"` // names of fields that rules before it set, or the server
}

// Field is a header field. Its name is in canonical form.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"` // may have placeholders of the path
}

// Apply returns the fields of all rules for a path, and the names of those that
// the server must leave out. Rules with the same field give it both values.
func Apply(all []Headers, path string) (set []Field, removed []string) {
	for _, rule := range all {
		values, ok := rule.Path.Match(path)
		if !ok {
			continue
		}
		for _, name := range rule.Remove {
			set = slices.DeleteFunc(set, func(f Field) bool { return f.Name == name })
			removed = append(removed, name)
		}
		for _, field := range rule.Set {
			field.Value = fill(field.Value, clean(values))
			at := slices.IndexFunc(set, func(f Field) bool { return f.Name == field.Name })
			if at < 0 {
				set = append(set, field)
				continue
			}
			set[at].Value += ", " + field.Value
		}
	}
	return set, removed
}

// clean takes from values what would end a line.
func clean(values map[string]string) map[string]string {
	for name, value := range values {
		values[name] = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, value)
	}
	return values
}

// owned are the fields that the server itself writes.
var owned = []string{
	"Accept-Ranges", "Age", "Allow", "Connection", "Content-Encoding", "Content-Length", "Content-Range", "Date", "Etag", "Keep-Alive",
	"Last-Modified", "Location", "Server", "Trailer", "Transfer-Encoding", "Upgrade", "Vary",
}

// ParseHeaders reads a file _headers: a path in a line of its own, and below it
// lines with blanks before "NAME: VALUE", or before "! NAME", which takes a field
// away. It returns what is wrong with the lines that it passes over. Basic-Auth is
// an error: without it, everybody has what it guards.
func ParseHeaders(text string) (all []Headers, ignored []Ignored, err error) {
	in := false // below a path that is read
	for number, line := range lines(text) {
		if line[0] != ' ' && line[0] != '\t' {
			path := Pattern(strings.TrimSpace(line))
			if why := path.check(); why != "" {
				ignored, in = append(ignored, Ignored{Line: number, Why: why}), false
				continue
			}
			all, in = append(all, Headers{Path: path}), true
			continue
		}
		line = strings.TrimSpace(line)
		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(name), "Basic-Auth") {
			return nil, nil, &UnsafeError{Line: number, Why: "Basic-Auth asks for a password, and this server has no users"}
		}
		if !in {
			if len(all) == 0 && len(ignored) == 0 {
				ignored = append(ignored, Ignored{Line: number, Why: "no path stands above it"})
			}
			continue
		}
		if why := all[len(all)-1].add(line); why != "" {
			ignored = append(ignored, Ignored{Line: number, Why: why})
		}
	}
	return slices.DeleteFunc(all, func(h Headers) bool { return len(h.Set)+len(h.Remove) == 0 }), ignored, nil
}

// add reads a line of a rule, and says what is wrong with it.
func (h *Headers) add(line string) string {
	if name, isRemoval := strings.CutPrefix(line, "!"); isRemoval {
		h.Remove = append(h.Remove, textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)))
		return ""
	}
	name, value, ok := strings.Cut(line, ":")
	name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
	switch {
	case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
		return fmt.Sprintf("%q is no header field: want NAME: VALUE", line)
	case slices.Contains(owned, name):
		return fmt.Sprintf("the server itself writes %s", name)
	}
	h.Set = append(h.Set, Field{Name: name, Value: value})
	return ""
}
