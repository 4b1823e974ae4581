// Package depcheck says which packages of this module may import which, and
// finds imports that break these rules.
package depcheck

import (
	"slices"
	"strings"
)

// Graph has what each package imports: import paths by import path.
type Graph map[string][]string

// Rule forbids that a package reaches another, directly or through others.
type Rule struct {
	Why  string
	From string // a folder of this module: what is in it and below, "buildpacks/*/run" with any name for the star
	To   string // such a folder, or another module's import path and what is below
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

// forbids reports whether to must not be reached. Below a From with a star,
// what is in the same folder may be.
func (r Rule) forbids(from, to string) bool {
	return within(to, r.To) && !sameRoom(from, to, r.From)
}

// sameRoom reports whether two packages are in the same folder of a pattern:
// buildpacks/a and buildpacks/a/b are, of buildpacks/*.
func sameRoom(a, b, pattern string) bool {
	n := strings.Count(pattern, "/") + 1
	return within(b, pattern) && first(strings.TrimSuffix(a, " [tests]"), n) == first(b, n)
}

// within reports whether a path is a folder or below it. A star stands for one
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
