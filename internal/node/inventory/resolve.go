package inventory

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// Ids of the failures that [Inventory.Resolve] returns.
const (
	IDVersionInvalid = "node-version-invalid" // the request cannot be read
	IDVersionUnknown = "node-version-unknown" // the request is valid, but nothing satisfies it
	IDEndOfLife      = "node-end-of-life"     // only lines past their end of life satisfy it
)

// wanted turns a request into a range. It accepts, in any case: "" and
// "default"; the aliases node, current, latest, stable, lts, lts/*,
// lts/<codename>, lts/-<n>; and a range in npm's syntax, or Paketo's
// ([npmrange.FromPaketo]). source is for the error: a [failure.Failure] with
// the id node-version-invalid.
func (inv *Inventory) wanted(text, source string) (npmrange.Range, error) {
	request := strings.TrimSpace(text)
	if request == "" || strings.EqualFold(request, "default") {
		request = cmp.Or(inv.defaultVersion, "*")
	}
	constraint, isAlias := inv.Alias(strings.ToLower(request))
	if !isAlias {
		constraint = npmrange.FromPaketo(request)
	}
	wanted, err := npmrange.Parse(constraint)
	if err != nil {
		return npmrange.Range{}, &failure.Failure{
			ID:     IDVersionInvalid,
			Cause:  fmt.Sprintf("%s asks for Node.js %q, which is neither a version, a range nor a known alias", source, text),
			Remedy: fmt.Sprintf("use a version (24.1.0), a range (24, 22.x, >=22 <25) or one of %s.", strings.Join(inv.aliases(), ", ")),
		}
	}
	return wanted, nil
}

// Alias turns a name (lower case) into a range; false for an unknown name. Only
// lines with releases count, except for codenames: the inventory may know lines
// that have no release any more.
//
//	node           *     any version, so the preferences of Resolve decide
//	current latest N.*   the newest line
//	stable lts lts/*     the newest LTS line
//	lts/-1               the LTS line before that, and so on
//	lts/krypton          the LTS line with the codename
func (inv *Inventory) Alias(name string) (string, bool) {
	all := inv.available()
	lts := slices.DeleteFunc(slices.Clone(all), func(l Line) bool { return l.Codename == "" })
	of := func(lines []Line, i int) (string, bool) {
		if i < 0 || i >= len(lines) {
			return "", false
		}
		return fmt.Sprintf("%d.*", lines[i].Number), true
	}
	switch name {
	case "node":
		return "*", true
	case "current", "latest":
		return of(all, 0)
	case "stable", "lts", "lts/*":
		return of(lts, 0)
	}
	codename, isLTS := strings.CutPrefix(name, "lts/")
	if !isLTS {
		return "", false
	}
	if back, err := strconv.Atoi(codename); err == nil && back < 0 {
		return of(lts, -back)
	}
	return of(inv.lines, slices.IndexFunc(inv.lines, func(l Line) bool { return l.Codename != "" && l.Codename == codename }))
}

// available returns the lines that have a release, newest first.
func (inv *Inventory) available() []Line {
	var lines []Line
	for _, l := range inv.lines {
		if slices.ContainsFunc(inv.releases, func(r Release) bool { return int(r.Version.Major()) == l.Number }) {
			lines = append(lines, l)
		}
	}
	return lines
}

func (inv *Inventory) aliases() []string {
	names := []string{"node", "current", "latest", "stable", "lts/*", "lts/-1"}
	for _, l := range inv.available() {
		if l.Codename != "" {
			names = append(names, "lts/"+l.Codename)
		}
	}
	return names
}

// Resolve chooses the version for a request that exists for all targets. It
// prefers the default line, then LTS lines, then the newest version. Only an
// exact version selects a line past its end of life; for other requests see
// [Inventory.Ended]. The inventory's newest day decides on the end of life, not
// the clock, so that builds are repeatable.
//
// Errors are [failure.Failure]s: node-version-invalid; node-version-unknown,
// which lists what exists; and node-end-of-life. source is for these errors.
func (inv *Inventory) Resolve(text, source string, targets ...targets.Target) (*semver.Version, error) {
	wanted, err := inv.wanted(text, source)
	if err != nil {
		return nil, err
	}
	matching := inv.matching(wanted, targets)
	if len(matching) == 0 {
		return nil, inv.unknown(text, source, inv.Versions(targets...), targets)
	}
	if _, exact := wanted.Exact(); exact {
		return matching[0], nil
	}
	alive := slices.DeleteFunc(slices.Clone(matching), inv.isEnded)
	if len(alive) == 0 {
		return nil, inv.endOfLife(text, source, slices.MinFunc(matching, inv.prefer))
	}
	return slices.MinFunc(alive, inv.prefer), nil
}

// Satisfies reports whether a version satisfies a request. It is true for an
// invalid request.
func (inv *Inventory) Satisfies(version *semver.Version, text string) bool {
	wanted, err := inv.wanted(text, "")
	return err != nil || wanted.Has(version)
}

// matching returns the versions of a range that exist for all of some targets, newest
// first.
func (inv *Inventory) matching(wanted npmrange.Range, targets []targets.Target) []*semver.Version {
	return slices.DeleteFunc(inv.Versions(targets...), func(v *semver.Version) bool { return !wanted.Has(v) })
}

// Nearest returns the replacement for an exact version that does not exist for
// all targets: the newest with the same minor number, or else the lowest one
// above it in the line, or else the line's newest. It is false for any other
// request, and for a line without versions.
func (inv *Inventory) Nearest(text, source string, targets ...targets.Target) (*semver.Version, bool) {
	wanted, err := inv.wanted(text, source)
	if err != nil {
		return nil, false
	}
	request, exact := wanted.Exact()
	if !exact {
		return nil, false
	}
	var line []*semver.Version // newest first
	for _, v := range inv.Versions(targets...) {
		if v.Major() == request.Major() {
			line = append(line, v)
		}
	}
	if len(line) == 0 {
		return nil, false
	}
	nearest := line[0]
	for _, v := range line {
		if v.Minor() == request.Minor() {
			return v, true
		}
		if v.GreaterThan(request) {
			nearest = v
		}
	}
	return nearest, true
}

// Versions returns the versions that exist for all of some targets, newest first.
func (inv *Inventory) Versions(all ...targets.Target) []*semver.Version {
	var versions []*semver.Version
	for i, r := range inv.releases {
		if i > 0 && r.Version.Equal(inv.releases[i-1].Version) {
			continue
		}
		missing := func(t targets.Target) bool { _, ok := inv.Release(r.Version, t); return !ok }
		if !slices.ContainsFunc(all, missing) {
			versions = append(versions, r.Version)
		}
	}
	return versions
}

// prefer is negative if a is preferred to b.
func (inv *Inventory) prefer(a, b *semver.Version) int {
	la, lb := inv.rank(a), inv.rank(b)
	return cmp.Or(cmp.Compare(la, lb), b.Compare(a))
}

// rank is lower for a preferred line.
func (inv *Inventory) rank(v *semver.Version) int {
	line, _ := inv.Line(int(v.Major()))
	rank := 0
	if line.Codename == "" {
		rank |= 1
	}
	if !inv.defaultLine.Has(v) {
		rank |= 2
	}
	return rank
}

func (inv *Inventory) unknown(text, source string, candidates []*semver.Version, targets []targets.Target) error {
	var names []string
	for _, t := range targets {
		if !slices.Contains(names, t.String()) {
			names = append(names, t.String())
		}
	}
	return &failure.Failure{
		ID:     IDVersionUnknown,
		Cause:  fmt.Sprintf("%s asks for Node.js %q, which does not exist here for %s%s", source, text, strings.Join(names, " and "), listing(candidates, text)),
		Remedy: "choose a version that exists, or a newer release of this buildpack.",
	}
}

// listing lists versions by line, as the end of a cause: all of the line that the
// request begins with, and the newest of every other. It is empty for none.
func listing(versions []*semver.Version, text string) string {
	if len(versions) == 0 {
		return ""
	}
	asked := leadingNumber(text)
	var b strings.Builder
	b.WriteString("; there are:")
	for i := 0; i < len(versions); {
		major := versions[i].Major()
		end := i
		for end < len(versions) && versions[end].Major() == major {
			end++
		}
		line := versions[i:end]
		i = end
		switch {
		case len(line) == 1:
			fmt.Fprintf(&b, "\n  %s", line[0])
		case strconv.FormatUint(major, 10) == asked:
			fmt.Fprintf(&b, "\n  %s", join(line))
		default:
			fmt.Fprintf(&b, "\n  %s to %s (%d versions)", line[len(line)-1], line[0], len(line))
		}
	}
	return b.String()
}

func join(versions []*semver.Version) string {
	texts := make([]string, len(versions))
	for i, v := range versions {
		texts[i] = v.String()
	}
	return strings.Join(texts, ", ")
}

var firstNumber = regexp.MustCompile(`\d+`)

func leadingNumber(text string) string { return firstNumber.FindString(text) }
