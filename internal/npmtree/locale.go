package npmtree

import "strings"

// order is how JavaScript's localeCompare sorts printable ASCII in English, by the
// Unicode collation algorithm: a letter's case counts only if all else is equal,
// and a small letter comes before its capital.
const order = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ"

// weights has the place of each character in order; two cases of a letter share
// one.
var weights = func() (all [128]int) {
	for i, c := range order {
		if all[c] = i + 1; 'A' <= c && c <= 'Z' {
			all[c] = i
		}
	}
	return all
}()

// sortable reports whether localeCompare is right for a text.
func sortable(s string) bool {
	for i := range len(s) {
		if s[i] >= 128 || weights[s[i]] == 0 {
			return false
		}
	}
	return true
}

// localeCompare compares two sortable texts as JavaScript does in English.
func localeCompare(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if d := weights[a[i]] - weights[b[i]]; d != 0 {
			return d
		}
	}
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return -strings.Compare(a, b)
}
