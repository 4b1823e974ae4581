// Package environ has the environment of a process as a value.
package environ

import "strings"

// List is a process's environment as os.Environ gives it: "NAME=value". Of a
// name that stands twice, the last value counts.
type List []string

// Lookup returns a variable's value, and whether it is set at all.
func (e List) Lookup(name string) (value string, set bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(e[i], "="); key == name {
			return value, true
		}
	}
	return "", false
}

// Get returns a variable's value; empty when it is not set.
func (e List) Get(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// With returns a copy in which the variable has that value.
func (e List) With(name, value string) List {
	return append(e.Without(name), name+"="+value)
}

// Default returns a copy in which the variable has that value, unless it has
// one that is not empty.
func (e List) Default(name, value string) List {
	if e.Get(name) != "" {
		return e
	}
	return e.With(name, value)
}

// Without returns a copy in which the variable is not set.
func (e List) Without(name string) List {
	kept := make(List, 0, len(e)+1)
	for _, pair := range e {
		if key, _, _ := strings.Cut(pair, "="); key != name {
			kept = append(kept, pair)
		}
	}
	return kept
}
