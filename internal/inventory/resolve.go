package inventory

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/target"
)

// Ids of the failures that [Inventory.Resolve] and [Inventory.Constraint] return.
const (
	IDVersionInvalid = "node-version-invalid" // the wish cannot be read
	IDVersionUnknown = "node-version-unknown" // it can, but nothing satisfies it
	IDEndOfLife      = "node-end-of-life"     // only lines past their end of life satisfy it
)

// Constraint turns a wish into a semver constraint. It reads, whatever their
// case: nothing and "default"; the aliases node, current, latest, stable, lts,
// lts/*, lts/<codename>, lts/-<n>; and a range, in which "~>" means what it
// means in Ruby (~> 24.1 is ^24.1, ~> 24.1.2 is ~24.1.2). source says who
// wishes it, for the error: a [failure.Failure] with the id
// node-version-invalid.
func (inv *Inventory) Constraint(text, source string) (string, error) {
	wish := strings.ToLower(strings.TrimSpace(text))
	if wish == "" || wish == "default" {
		wish = cmp.Or(inv.defaultVersion, "*")
	}
	constraint, isAlias := inv.Alias(wish)
	if !isAlias {
		constraint = pessimistic(wish)
	}
	if _, err := semver.NewConstraint(constraint); err != nil {
		return "", &failure.Failure{
			ID:     IDVersionInvalid,
			Cause:  fmt.Sprintf("%s asks for Node.js %q, which is neither a version, a range nor a known alias", source, text),
			Remedy: fmt.Sprintf("use a version (24.1.0), a range (24, 22.x, >=22 <25) or one of %s.", strings.Join(inv.aliases(), ", ")),
		}
	}
	return constraint, nil
}

// Alias turns a name (lower case) into a constraint; false when it is not one
// that the inventory knows. Only lines with releases count, except for
// codenames: a line may be known that has none any more.
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

var pessimisticOperator = regexp.MustCompile(`~>\s*v?(\d+(?:\.\d+)*)`)

// pessimistic rewrites Ruby's "~>" in the words of semver.
func pessimistic(constraint string) string {
	return pessimisticOperator.ReplaceAllStringFunc(constraint, func(match string) string {
		version := pessimisticOperator.FindStringSubmatch(match)[1]
		if strings.Count(version, ".") >= 2 {
			return "~" + version
		}
		return "^" + version
	})
}

// Resolve chooses the version for a wish that exists for all targets. Where
// several satisfy it, the default line goes first, then LTS lines, then the
// newest version. A line past its end of life is chosen only by the exact
// number of a version. That end is told by the newest day the inventory knows
// of, not by the clock, so that a build can be repeated.
//
// Errors are [failure.Failure]s: node-version-invalid; node-version-unknown,
// which lists what exists; and node-end-of-life. source says who wishes it.
func (inv *Inventory) Resolve(text, source string, targets ...target.Target) (*semver.Version, error) {
	constraint, err := inv.Constraint(text, source)
	if err != nil {
		return nil, err
	}
	check, err := semver.NewConstraint(constraint)
	if err != nil {
		return nil, fmt.Errorf("parsing %q again: %w", constraint, err)
	}
	candidates := inv.Versions(targets...)
	matching := slices.DeleteFunc(slices.Clone(candidates), func(v *semver.Version) bool { return !check.Check(v) })
	if len(matching) == 0 {
		return nil, inv.unknown(text, source, candidates, targets)
	}
	if exact(constraint) {
		return matching[0], nil
	}
	alive := slices.DeleteFunc(slices.Clone(matching), inv.ended)
	if len(alive) == 0 {
		return nil, inv.endOfLife(text, source, matching[0])
	}
	return slices.MinFunc(alive, inv.prefer), nil
}

// Nearest returns, for the exact number of a version that does not exist for
// all targets, the one to use in its place: the newest with the same minor
// number, or else the lowest one above it in the line, or else the line's
// newest. It is false for any other wish, and for a line without versions.
func (inv *Inventory) Nearest(text, source string, targets ...target.Target) (*semver.Version, bool) {
	constraint, err := inv.Constraint(text, source)
	if err != nil || !exact(constraint) {
		return nil, false
	}
	wish := semver.MustParse(number(constraint))
	var line []*semver.Version // newest first
	for _, v := range inv.Versions(targets...) {
		if v.Major() == wish.Major() {
			line = append(line, v)
		}
	}
	if len(line) == 0 {
		return nil, false
	}
	nearest := line[0]
	for _, v := range line {
		if v.Minor() == wish.Minor() {
			return v, true
		}
		if v.GreaterThan(wish) {
			nearest = v
		}
	}
	return nearest, true
}

// number takes the operator of equality and a leading v off.
func number(constraint string) string { return strings.TrimLeft(strings.TrimSpace(constraint), "=v ") }

// exact says whether a constraint is the number of one version.
func exact(constraint string) bool {
	_, err := semver.StrictNewVersion(number(constraint))
	return err == nil
}

// ended says whether a version's line is past its end of life.
func (inv *Inventory) ended(v *semver.Version) bool {
	line, _ := inv.Line(int(v.Major()))
	return !line.EndOf.IsZero() && line.EndOf.Before(inv.asOf())
}

// endOfLife is for a wish that only lines past their end satisfy, the newest
// of which is last.
func (inv *Inventory) endOfLife(text, source string, last *semver.Version) error {
	line, _ := inv.Line(int(last.Major()))
	return &failure.Failure{
		ID: IDEndOfLife,
		Cause: fmt.Sprintf("%s asks for Node.js %q, but line %d reached its end of life on %s and gets no security fixes any more",
			source, text, line.Number, line.EndOf.Format(time.DateOnly)),
		Remedy: fmt.Sprintf("move to a newer line (lts/* is the newest with long-term support), or set BP_NODE_VERSION to the exact version %s to keep using it as it is.", last),
	}
}

// Versions returns the versions that exist for all targets, newest first.
func (inv *Inventory) Versions(targets ...target.Target) []*semver.Version {
	var versions []*semver.Version
	for i, r := range inv.releases {
		if i > 0 && r.Version.Equal(inv.releases[i-1].Version) {
			continue
		}
		missing := func(t target.Target) bool { _, ok := inv.Release(r.Version, t); return !ok }
		if !slices.ContainsFunc(targets, missing) {
			versions = append(versions, r.Version)
		}
	}
	return versions
}

// prefer is negative when a is to be chosen before b.
func (inv *Inventory) prefer(a, b *semver.Version) int {
	la, lb := inv.rank(a), inv.rank(b)
	return cmp.Or(cmp.Compare(la, lb), b.Compare(a))
}

// rank is lower for a line that is to be chosen first.
func (inv *Inventory) rank(v *semver.Version) int {
	line, _ := inv.Line(int(v.Major()))
	rank := 0
	if line.Codename == "" {
		rank |= 1
	}
	if !inv.isDefaultLine(v) {
		rank |= 2
	}
	return rank
}

func (inv *Inventory) isDefaultLine(v *semver.Version) bool {
	return inv.defaultLine != nil && inv.defaultLine.Check(v)
}

func (inv *Inventory) unknown(text, source string, candidates []*semver.Version, targets []target.Target) error {
	var names []string
	for _, t := range targets {
		if !slices.Contains(names, t.String()) {
			names = append(names, t.String())
		}
	}
	return &failure.Failure{
		ID:     IDVersionUnknown,
		Cause:  fmt.Sprintf("%s asks for Node.js %q, which does not exist here for %s", source, text, strings.Join(names, " and ")),
		Remedy: "choose one of these versions, or a newer release of this buildpack:" + listing(candidates, text),
	}
}

// listing gives, line by line, the versions: all of the line that the wish
// begins with, and the newest of every other.
func listing(versions []*semver.Version, text string) string {
	if len(versions) == 0 {
		return " none."
	}
	wished := leadingNumber(text)
	var b strings.Builder
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
		case strconv.FormatUint(major, 10) == wished:
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
