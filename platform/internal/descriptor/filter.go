//go:build linux

package descriptor

import (
	"fmt"
	"reflect"
	"strings"

	ignore "github.com/sabhiram/go-gitignore"
)

// filter makes a [Descriptor]'s Filter, with pack's library after [asGit]. An
// invalid pattern is an error: ignoring it could include files that the user
// excludes.
func filter(table buildTable) (func(string) bool, error) {
	switch {
	case len(table.Exclude) > 0:
		excluded, err := compile("exclude", table.Exclude)
		if err != nil {
			return nil, err
		}
		return func(path string) bool { return !excluded.MatchesPath(path) }, nil
	case len(table.Include) > 0:
		included, err := compile("include", table.Include)
		if err != nil {
			return nil, err
		}
		return included.MatchesPath, nil
	}
	return nil, nil
}

// compile compiles the patterns of a key.
func compile(key string, patterns []string) (*ignore.GitIgnore, error) {
	lines := make([]string, len(patterns))
	for i, pattern := range patterns {
		line, ok := asGit(pattern)
		if !ok || !readable(line) {
			return nil, fmt.Errorf("%s has the pattern %q, which cannot be read: close every [, or write \\\\ before it where it is part of a name", key, pattern)
		}
		lines[i] = line
	}
	return ignore.CompileIgnoreLines(lines...), nil
}

// readable reports whether the library accepts a pattern: it silently drops those
// that it cannot compile, as it does empty lines and comments. Only the length of
// its own list shows that.
func readable(pattern string) bool {
	if line := strings.Trim(strings.TrimRight(pattern, "\r"), " "); line == "" || strings.HasPrefix(pattern, "#") {
		return true
	}
	return reflect.ValueOf(ignore.CompileIgnoreLines(pattern)).Elem().FieldByName("patterns").Len() == 1
}
