// Package depcheck defines which packages of this module may import which, and
// finds imports that break these rules.
package depcheck

import (
	"slices"
	"strings"
)

// Graph has each package's imports: import paths by import path.
type Graph map[string][]string

// Rule forbids that a package reaches another, directly or through others.
type Rule struct {
	Why  string
	From string // a folder of this module and everything below; a star matches one name: "buildpacks/*/run"
	To   string // such a folder, or the import path of another module and everything below

	// Through is a folder whose packages From may import, although they reach
	// To; empty for none.
	Through string
}

// Broken returns the shortest chain of imports that breaks a rule for each of
// From's packages that does so, in alphabetical order.
func (g Graph) Broken(r Rule) (chains [][]string) {
	for _, from := range g.packages() {
		if !within(from, r.From) {
			continue
		}
		if chain := g.chain(from, r); chain != nil {
			chains = append(chains, chain)
		}
	}
	return chains
}

func (g Graph) packages() []string {
	names := make([]string, 0, len(g))
	for name := range g {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// chain searches from a package, breadth first.
func (g Graph) chain(from string, r Rule) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		if r.Through != "" && within(queue[0], r.Through) {
			continue
		}
		for _, to := range g[queue[0]] {
			if _, seen := before[to]; seen {
				continue
			}
			before[to] = queue[0]
			if r.forbids(from, to) {
				return path(before, to)
			}
			queue = append(queue, to)
		}
	}
	return nil
}

// forbids reports whether from must not reach to. With a star in From, packages
// of the same folder may import each other.
func (r Rule) forbids(from, to string) bool {
	return within(to, r.To) && !sameFolder(from, to, r.From)
}

// sameFolder reports whether two packages are in the same folder of a pattern:
// for buildpacks/*, buildpacks/a and buildpacks/a/b are.
func sameFolder(a, b, pattern string) bool {
	n := strings.Count(pattern, "/") + 1
	return within(b, pattern) && first(strings.TrimSuffix(a, " [tests]"), n) == first(b, n)
}

// within reports whether a path is a folder or below it. A star matches one
// name.
func within(path, folder string) bool {
	names, pattern := strings.Split(path, "/"), strings.Split(folder, "/")
	if len(names) < len(pattern) {
		return false
	}
	for i, want := range pattern {
		if want != "*" && want != names[i] {
			return false
		}
	}
	return true
}

func first(path string, n int) string {
	names := strings.Split(path, "/")
	return strings.Join(names[:min(n, len(names))], "/")
}

func path(before map[string]string, to string) (chain []string) {
	for at := to; at != ""; at = before[at] {
		chain = append(chain, at)
	}
	slices.Reverse(chain)
	return chain
}
