package npmrange

import (
	"strconv"

	"github.com/Masterminds/semver/v3"
)

// Limits of node-semver: JavaScript's largest safe integer, and the length of a
// version in characters.
const (
	maxNumber  = 1<<53 - 1
	maxVersion = 256
)

// partial is a version whose last numbers may be unknown: 24, 24.x.
type partial struct {
	numbers    [3]uint64 // 0 if unknown; inexact above the limit
	known      int       // count of numbers before the first unknown one
	inOrder    bool      // whether no known number follows an unknown one
	prerelease string    // only after three numbers
}

// newPartial converts the grammar's parts of a version: three numbers, which
// may be x or empty, and a prerelease, which may be empty.
func newPartial(words []string) partial {
	p := partial{inOrder: true}
	unknown := func(word string) bool { return word == "" || word == "x" || word == "X" || word == "*" }
	for p.known < 3 && !unknown(words[p.known]) {
		n, _ := strconv.ParseUint(words[p.known], 10, 62)
		p.numbers[p.known] = n
		p.known++
	}
	for _, word := range words[p.known:3] {
		p.inOrder = p.inOrder && unknown(word)
	}
	if p.known == 3 {
		p.prerelease = words[3]
	}
	return p
}

// lowest returns the version itself, or the first with its known numbers.
func (p partial) lowest() *semver.Version {
	return semver.New(p.numbers[0], p.numbers[1], p.numbers[2], p.prerelease, "")
}

// next returns the first version, prereleases aside, above all that share its
// first count numbers.
func (p partial) next(count int) *semver.Version {
	n := [3]uint64{}
	copy(n[:], p.numbers[:count])
	n[count-1]++
	return semver.New(n[0], n[1], n[2], "", "")
}

// above returns the lowest prerelease of next.
func (p partial) above(count int) *semver.Version {
	next := p.next(count)
	return semver.New(next.Major(), next.Minor(), next.Patch(), "0", "")
}

// caret lets all numbers change behind the first that is not zero.
func (p partial) caret() ([]comparator, bool) {
	if p.known == 0 {
		return nil, true
	}
	kept := 1
	for kept < p.known && p.numbers[kept-1] == 0 {
		kept++
	}
	return comparators(comparator{">=", p.lowest()}, comparator{"<", p.above(kept)})
}

// tilde lets the last number change.
func (p partial) tilde() ([]comparator, bool) {
	if p.known == 0 {
		return nil, true
	}
	return comparators(comparator{">=", p.lowest()}, comparator{"<", p.above(min(p.known, 2))})
}

// begun returns the comparators for a partial version with at most two numbers.
// Without an operator they accept the versions that begin with those numbers.
func (p partial) begun(operator string) ([]comparator, bool) {
	switch {
	case p.known == 0 && (operator == "<" || operator == ">"): // no version is below or above all
		return comparators(comparator{"<", semver.New(0, 0, 0, "0", "")})
	case p.known == 0:
		return nil, true
	}
	switch operator {
	case ">":
		return comparators(comparator{">=", p.next(p.known)})
	case ">=":
		return comparators(comparator{">=", p.lowest()})
	case "<":
		first := p.lowest()
		return comparators(comparator{"<", semver.New(first.Major(), first.Minor(), first.Patch(), "0", "")})
	case "<=":
		return comparators(comparator{"<", p.above(p.known)})
	}
	return comparators(comparator{">=", p.lowest()}, comparator{"<", p.above(p.known)})
}

// comparators returns the bounds without those that every version satisfies. It
// is false if a version exceeds node-semver's limits.
func comparators(bounds ...comparator) ([]comparator, bool) {
	var all []comparator
	for _, b := range bounds {
		v := b.version
		if max(v.Major(), v.Minor(), v.Patch()) > maxNumber || len(v.String()) > maxVersion {
			return nil, false
		}
		if b.operator != ">=" || v.String() != "0.0.0" {
			all = append(all, b)
		}
	}
	return all, true
}
