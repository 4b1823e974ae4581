package npmrange

import (
	"strconv"

	"github.com/Masterminds/semver/v3"
)

// Bounds of node-semver: the greatest whole number that JavaScript keeps apart
// from its neighbours, and the length of a version in characters.
const (
	maxNumber  = 1<<53 - 1
	maxVersion = 256
)

// partial is a version of which the last numbers may be unknown: 24, 24.x.
type partial struct {
	numbers    [3]uint64 // unknown ones are 0; far too great ones are not exact
	known      int       // how many of the numbers come before the first unknown one
	inOrder    bool      // whether no number is known behind an unknown one
	prerelease string    // behind three numbers only
}

// newPartial takes what the grammar calls a version: three numbers, which may
// be x or empty, and a prerelease, which may be empty.
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

// lowest is the version itself, or the first that begins like it.
func (p partial) lowest() *semver.Version {
	return semver.New(p.numbers[0], p.numbers[1], p.numbers[2], p.prerelease, "")
}

// next is the first version, without prereleases, above all that have the same
// count of numbers in common with this one.
func (p partial) next(count int) *semver.Version {
	n := [3]uint64{}
	copy(n[:], p.numbers[:count])
	n[count-1]++
	return semver.New(n[0], n[1], n[2], "", "")
}

// above is the lowest prerelease of next.
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

// begun compares with all versions that begin with the numbers, of which there
// are two or less. Without an operator it has just those.
func (p partial) begun(operator string) ([]comparator, bool) {
	switch {
	case p.known == 0 && (operator == "<" || operator == ">"): // there is none below or above all
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

// comparators are the bounds without those that every version is within. It is
// false when a version of theirs is greater or longer than node-semver allows.
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
