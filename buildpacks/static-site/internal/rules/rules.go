// Package rules reads the files _headers and _redirects of a site, in the form
// that Netlify and Cloudflare Pages document, and applies their rules to a path.
//
// Where the two differ, Netlify's meaning counts: a file goes before a redirect
// for its path, unless the redirect is forced (301!), and a redirect without a
// status is a 301.
package rules

import (
	"fmt"
	"iter"
	"strings"
)

// Ignored is a line that is passed over.
type Ignored struct {
	Line int    // the first is 1
	Why  string // one sentence without a full stop
}

// UnsafeError is a line without which the site would be open to everybody.
type UnsafeError struct {
	Line int
	Why  string
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// lines yields the lines that are neither empty nor comments, with their numbers.
func lines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
			number++
			line = strings.TrimRight(line, " \t\r\n")
			if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
				continue
			}
			if !yield(number, line) {
				return
			}
		}
	}
}
