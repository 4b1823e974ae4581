//go:build linux

package timeline

import (
	"fmt"
	"io"
	"strings"

	"github.com/armature-cnb/armature/platform/progress"
)

// Table writes the steps of a build, the lifecycle's phases and what the
// buildpacks took.
func Table(out io.Writer, spans []progress.Span) error {
	for _, l := range lanes(spans, 0) {
		for _, r := range l.Rows {
			if r.Kind != progress.Step && r.Kind != progress.Phase && r.Kind != progress.Buildpack {
				continue
			}
			what := strings.Repeat("  ", r.Depth) + r.What
			if r.Platform != "" {
				what = r.Platform + " " + what
			}
			if r.Failed {
				what += " (failed)"
			}
			if _, err := fmt.Fprintf(out, "  %7.1f s  %s\n", r.Took().Seconds(), what); err != nil {
				return err
			}
		}
	}
	return nil
}
