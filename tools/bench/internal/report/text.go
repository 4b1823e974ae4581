// Package report renders results: as text, and as a document with a plot.
package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/armature-cnb/armature/tools/bench/internal/figures"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// Text prints a run as a table for a terminal: for every way of a scenario the
// median, the spread and how often it was measured, and below it its parts.
func Text(out io.Writer, run history.Run) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	last := ""
	for _, one := range run.Results {
		if one.Scenario != last {
			fmt.Fprintf(w, "\n%s\tmedian\tspread\tn\n", one.Scenario)
			last = one.Scenario
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%d\n", one.Way, median(one), spread(one), len(one.Samples))
		for _, part := range one.Parts {
			fmt.Fprintf(w, "    %s\t%s\n", part.Name, one.Unit.Text(part.Value))
		}
		if one.Failed != "" {
			why, _, _ := strings.Cut(one.Failed, "\n")
			fmt.Fprintf(w, "    failed: %s\n", why)
		}
	}
	return w.Flush()
}

func median(one history.Result) string {
	if len(one.Samples) == 0 {
		return "–"
	}
	return one.Unit.Text(figures.Median(one.Samples))
}

// spread returns the smallest and the largest sample, or "" for a single one.
func spread(one history.Result) string {
	if len(one.Samples) < 2 {
		return ""
	}
	least, most := figures.Spread(one.Samples)
	return one.Unit.Text(least) + " to " + one.Unit.Text(most)
}
