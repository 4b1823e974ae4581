//go:build linux

package descriptor

import (
	"fmt"
	"reflect"
	"strings"

	ignore "github.com/sabhiram/go-gitignore"
)

// filter is a [Descriptor]'s Filter. A pattern that cannot be read is an
// error: without it, files would take part that somebody wants to keep out.
func filter(table buildTable) (func(string) bool, error) {
	for key, patterns := range map[string][]string{"exclude": table.Exclude, "include": table.Include} {
		for _, pattern := range patterns {
			if !readable(pattern) {
				return nil, fmt.Errorf("%s has the pattern %q, which cannot be read: close every [ and (, or write \\\\ before it where it is part of a name", key, pattern)
			}
		}
	}
	switch {
	case len(table.Exclude) > 0:
		excluded := ignore.CompileIgnoreLines(table.Exclude...)
		return func(path string) bool { return !excluded.MatchesPath(path) }, nil
	case len(table.Include) > 0:
		return ignore.CompileIgnoreLines(table.Include...).MatchesPath, nil
	}
	return nil, nil
}

// readable says whether the library takes a pattern: those that it cannot
// compile it leaves out without a word, as it does empty lines and comments.
// How many it took, only its own list says.
func readable(pattern string) bool {
	if line := strings.Trim(strings.TrimRight(pattern, "\r"), " "); line == "" || strings.HasPrefix(pattern, "#") {
		return true
	}
	return reflect.ValueOf(ignore.CompileIgnoreLines(pattern)).Elem().FieldByName("patterns").Len() == 1
}
