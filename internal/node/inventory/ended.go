package inventory

import (
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// Ended returns, for a request that only lines past their end of life satisfy,
// the version that [Inventory.Resolve] would choose without that rule. It is
// false for any other request.
func (inv *Inventory) Ended(text, source string, targets ...targets.Target) (*semver.Version, bool) {
	wanted, err := inv.wanted(text, source)
	if err != nil {
		return nil, false
	}
	matching := inv.matching(wanted, targets)
	alive := func(v *semver.Version) bool { return !inv.isEnded(v) }
	if _, exact := wanted.Exact(); exact || len(matching) == 0 || slices.ContainsFunc(matching, alive) {
		return nil, false
	}
	return slices.MinFunc(matching, inv.prefer), true
}

// Successor returns the next higher line with releases that has not reached its
// end of life, neither on the given day nor on the inventory's newest day. It
// is false without such a line.
func (inv *Inventory) Successor(number int, day time.Time) (Line, bool) {
	if newest := inv.asOf(); newest.After(day) {
		day = newest
	}
	var next Line
	for _, line := range inv.available() { // newest first
		if line.Number > number && !line.endedBy(day) {
			next = line
		}
	}
	return next, next.Number != 0
}

// isEnded reports whether a version's line is past its end of life.
func (inv *Inventory) isEnded(v *semver.Version) bool {
	line, _ := inv.Line(int(v.Major()))
	return line.endedBy(inv.asOf())
}

func (l Line) endedBy(day time.Time) bool { return !l.EndOf.IsZero() && l.EndOf.Before(day) }

// endOfLife returns the failure for a request that only lines past their end of
// life satisfy; last is the version to pin.
func (inv *Inventory) endOfLife(text, source string, last *semver.Version) error {
	line, _ := inv.Line(int(last.Major()))
	newer := "a newer line"
	if next, ok := inv.Successor(line.Number, time.Time{}); ok {
		newer = fmt.Sprintf("line %d or a newer one", next.Number)
	}
	return &failure.Failure{
		ID: IDEndOfLife,
		Cause: fmt.Sprintf("%s asks for Node.js %q, but line %d reached its end of life on %s and gets no security fixes any more",
			source, text, line.Number, line.EndOf.Format(time.DateOnly)),
		Remedy: fmt.Sprintf("move to %s (lts/* is the newest with long-term support), or to keep using it as it is, set BP_NODE_VERSION to the exact version %s, or BP_NODE_VERSION_STRICT to false.", newer, last),
	}
}
