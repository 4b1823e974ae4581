// Package npmrange parses version ranges as npm's parser, node-semver, does:
// "^24.1.0", ">=20 <23", "18 - 20 || 22.x".
//
// It accepts and rejects the same ranges as node-semver, including odd forms;
// testdata/answers.txt has node-semver's answers. It treats prereleases as
// node-semver does by default.
package npmrange

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Range is a set of versions. Get one from [Parse]; the zero value is empty.
type Range struct {
	alternatives []alternative // a version must satisfy at least one
}

// alternative is a set of comparators that a version must all satisfy; every
// version satisfies an empty one.
type alternative []comparator

// comparator is an operator and a version.
type comparator struct {
	operator string // "<", "<=", ">", ">=" or "="
	version  *semver.Version
}

// Parse parses a range. An empty one has every version. Like node-semver's, the
// error quotes the range but does not say what is wrong.
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
		if len(a) == 0 { // the others, which may name a prerelease, have no effect
			r.alternatives = []alternative{a}
			break
		}
	}
	return r, nil
}

// Has reports whether the range has the version. It has a prerelease only if it
// names a prerelease of the same version number.
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

// Intersects reports whether node-semver finds a version that is in both ranges.
func (r Range) Intersects(other Range) bool {
	for _, a := range r.alternatives {
		for _, b := range other.alternatives {
			if slices.Concat(a, b).isSatisfiable() {
				return true
			}
		}
	}
	return false
}

// isSatisfiable reports whether any two comparators intersect.
func (a alternative) isSatisfiable() bool {
	for i, one := range a {
		for _, other := range a[:i] {
			if !one.intersects(other) {
				return false
			}
		}
	}
	return true
}

// intersects compares as node-semver does: an exact prerelease is only in what names
// one of its number.
func (c comparator) intersects(other comparator) bool {
	switch {
	case c.operator == "=":
		return alternative{other}.has(c.version)
	case other.operator == "=":
		return alternative{c}.has(other.version)
	case c.isNothing() || other.isNothing():
		return false
	case c.operator[0] == other.operator[0]:
		return true
	}
	order := c.version.Compare(other.version)
	if c.operator[0] == '>' {
		order = -order
	}
	return order > 0 || order == 0 && len(c.operator) == 2 && len(other.operator) == 2
}

// isNothing reports whether no version satisfies the comparator.
func (c comparator) isNothing() bool {
	v := c.version
	return c.operator == "<" && v.Major() == 0 && v.Minor() == 0 && v.Patch() == 0
}

func (a alternative) has(v *semver.Version) bool {
	for _, c := range a {
		if !c.has(v) {
			return false
		}
	}
	return v.Prerelease() == "" || a.names(v)
}

// names reports whether it has a prerelease of the version's number.
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
