package npmtree

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// preferred are the keys that npm prints before all others, in every object.
var preferred = []string{"name", "version", "lockfileVersion", "resolved", "integrity", "requires", "packages", "dependencies"}

// print prints an object as npm prints lockfiles: sorted by its keys, with objects
// after all other values, indented by two spaces, with a line end. Keys that
// cannot be sorted as JavaScript does are an error.
func (o *object) print() ([]byte, error) {
	var p printer
	p.value(o, "")
	p.WriteByte('\n')
	return []byte(p.String()), p.err
}

// printer prints JSON as JSON.stringify does with an indent of two.
type printer struct {
	strings.Builder
	err error
}

func (p *printer) value(value any, indent string) {
	switch v := value.(type) {
	case *object:
		p.object(v, indent)
	case []any:
		p.list(v, indent)
	case string:
		p.text(v)
	case json.Number:
		if !isWhole(string(v)) {
			p.err = fmt.Errorf("JavaScript may print the number %s in another way", v)
		}
		p.WriteString(string(v))
	case bool:
		fmt.Fprint(p, v)
	default:
		p.WriteString("null")
	}
}

// isWhole reports whether a number is printed as it was read.
func isWhole(number string) bool { return len(number) < 15 && isIndex(number) }

func (p *printer) list(list []any, indent string) {
	if len(list) == 0 {
		p.WriteString("[]")
		return
	}
	p.WriteByte('[')
	for i, value := range list {
		p.next(i, indent+"  ")
		p.value(value, indent+"  ")
	}
	p.WriteString("\n" + indent + "]")
}

func (p *printer) object(o *object, indent string) {
	if len(o.keys) == 0 {
		p.WriteString("{}")
		return
	}
	p.WriteByte('{')
	for i, key := range p.sorted(o) {
		p.next(i, indent+"  ")
		p.text(key)
		p.WriteString(": ")
		p.value(o.values[key], indent+"  ")
	}
	p.WriteString("\n" + indent + "}")
}

// next begins a line for the i-th value.
func (p *printer) next(i int, indent string) {
	if i > 0 {
		p.WriteByte(',')
	}
	p.WriteString("\n" + indent)
}

// sorted returns the keys in npm's order. Keys that cannot be sorted so are the
// printer's error.
func (p *printer) sorted(o *object) []string {
	if o.odd != "" {
		p.err = fmt.Errorf("JavaScript treats the key %q in a special way", o.odd)
	}
	if i := slices.IndexFunc(o.keys, func(key string) bool { return !sortable(key) }); i >= 0 {
		p.err = fmt.Errorf("the place of the key %q depends on the locale", o.keys[i])
		return o.keys
	}
	keys := slices.Clone(o.keys)
	slices.SortStableFunc(keys, func(a, b string) int {
		_, aNested := o.values[a].(*object)
		_, bNested := o.values[b].(*object)
		if aNested != bNested {
			return map[bool]int{true: 1, false: -1}[aNested]
		}
		first, second := slices.Index(preferred, a), slices.Index(preferred, b)
		switch {
		case first >= 0 && second >= 0:
			return first - second
		case first >= 0:
			return -1
		case second >= 0:
			return 1
		}
		return localeCompare(a, b)
	})
	return keys
}

// text prints a string with the escapes of JSON.stringify.
func (p *printer) text(s string) {
	if strings.ContainsRune(s, '\uFFFD') { // which may stand for half of a surrogate pair
		p.err = fmt.Errorf("the text %q has an invalid character", s)
	}
	p.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			p.WriteByte('\\')
			p.WriteRune(r)
		case r < ' ':
			if short := strings.IndexRune("\b\t\n\f\r", r); short >= 0 {
				p.WriteByte('\\')
				p.WriteByte("btnfr"[short])
			} else {
				fmt.Fprintf(p, `\u%04x`, r)
			}
		default:
			p.WriteRune(r)
		}
	}
	p.WriteByte('"')
}
