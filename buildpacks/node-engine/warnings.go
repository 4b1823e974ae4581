package nodeengine

import (
	"fmt"
	"time"
)

// endOfLifeNotice is how long before the end of life the warnings begin.
const endOfLifeNotice = 30 * 24 * time.Hour

// warnOfEndOfLife warns about a line that reaches its end of life within a
// month, or has reached it, and names the next one. If a range selected an
// ended line, it warns whatever the clock says.
func (run *build) warnOfEndOfLife(winner candidate) {
	end, line := run.launched.EndOfLife, run.version.Major()
	newer := "a newer line"
	if next, ok := run.inventory.Successor(int(line), run.builder.Now); ok {
		newer = fmt.Sprintf("line %d or a newer one", next.Number)
	}
	switch {
	case run.ended:
		run.builder.Logger.Subprocess("WARNING: %s asks for Node.js %q, but line %d reached its end of life on %s and gets no security fixes any more: using %s. Move to %s. Set %s to true to make this an error.",
			winner.Source, winner.Version, line, end.Format(time.DateOnly), run.version, newer, strictVariable)
	case end.IsZero() || run.builder.Now.Before(end.Add(-endOfLifeNotice)):
	case run.builder.Now.Before(end):
		run.builder.Logger.Subprocess("WARNING: Node.js %d reaches its end of life on %s and gets no security fixes from then on. Move to %s.",
			line, end.Format(time.DateOnly), newer)
	default:
		run.builder.Logger.Subprocess("WARNING: Node.js %d reached its end of life on %s and gets no security fixes any more. Move to %s.",
			line, end.Format(time.DateOnly), newer)
	}
}

// warnOfIgnored names the requests that the chosen version does not satisfy,
// because another took precedence.
func (run *build) warnOfIgnored(winner candidate) {
	told := map[candidate]bool{winner: true} // a request that got the nearest version has a warning already
	for _, c := range run.demand.Candidates {
		if told[c] || c.Version == "" || run.inventory.Satisfies(run.version, c.Version) {
			continue
		}
		told[c] = true
		who := c.Source
		if who == unknownSource {
			who = "another buildpack"
		}
		run.builder.Logger.Subprocess("WARNING: %s asks for Node.js %q, which is not heeded: %s goes before it%s.",
			who, c.Version, winner.Source, run.newestOfBoth(winner, c))
	}
}

// newestOfBoth returns the newest version that satisfies both requests, for the
// log; it is empty if only ended lines have one, or none does.
func (run *build) newestOfBoth(a, b candidate) string {
	for _, v := range run.inventory.Versions(run.target, run.builder.Host) {
		release, _ := run.inventory.Release(v, run.target)
		alive := release.EndOfLife.IsZero() || run.builder.Now.Before(release.EndOfLife)
		if alive && run.inventory.Satisfies(v, a.Version) && run.inventory.Satisfies(v, b.Version) {
			return fmt.Sprintf("; %s would suit both", v)
		}
	}
	return ""
}
