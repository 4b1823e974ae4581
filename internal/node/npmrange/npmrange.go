// Package npmrange reads ranges of versions as npm does, whose own parser is
// the package node-semver: "^24.1.0", ">=20 <23", "18 - 20 || 22.x".
//
// What node-semver takes is taken and what it refuses is refused, odd forms
// too; testdata/answers.txt has its answers. Prereleases are as its options
// have them by default.
package npmrange

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

// Range is a set of versions. Get one from [Parse]; the zero value has none.
type Range struct {
	alternatives []alternative // a version of the range fits one of them or more
}

// alternative is what a version has to fulfil, all of it; nothing is fulfilled
// by every version.
type alternative []comparator

// comparator is a version and how others are compared with it.
type comparator struct {
	operator string // "<", "<=", ">", ">=" or "="
	version  *semver.Version
}

// Parse reads a range. An empty one has every version. The error says only
// what was read, without quoting what is wrong with it: node-semver does not
// say so either.
func Parse(text string) (Range, error) {
	var r Range
	for _, part := range alternatives(text) {
		a, ok := parseAlternative(part)
		if !ok {
			return Range{}, fmt.Errorf("reading the range %q: got %q, want versions with operators as npm has them", text, part)
		}
		r.alternatives = append(r.alternatives, a)
	}
	for _, a := range r.alternatives {
		if len(a) == 0 { // the others, which may name a prerelease, do not count any more
			r.alternatives = []alternative{a}
			break
		}
	}
	return r, nil
}

// Has reports whether the range has the version. A prerelease is in it only
// when the range names a prerelease of the very same version number.
func (r Range) Has(v *semver.Version) bool {
	for _, a := range r.alternatives {
		if a.has(v) {
			return true
		}
	}
	return false
}

// Exact returns the version of a range that names one and nothing else; false
// for any other.
func (r Range) Exact() (*semver.Version, bool) {
	if len(r.alternatives) != 1 || len(r.alternatives[0]) != 1 || r.alternatives[0][0].operator != "=" {
		return nil, false
	}
	return r.alternatives[0][0].version, true
}

func (a alternative) has(v *semver.Version) bool {
	for _, c := range a {
		if !c.has(v) {
			return false
		}
	}
	return v.Prerelease() == "" || a.names(v)
}

// names reports whether a prerelease of the version's number stands in it.
func (a alternative) names(v *semver.Version) bool {
	for _, c := range a {
		named := c.version
		if named.Prerelease() != "" && named.Major() == v.Major() && named.Minor() == v.Minor() && named.Patch() == v.Patch() {
			return true
		}
	}
	return false
}

func (c comparator) has(v *semver.Version) bool {
	order := v.Compare(c.version)
	switch c.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0
}
