//go:build linux

package timeline

import (
	"fmt"
	"io"
	"strings"

	"github.com/armature-cnb/armature/platform"
)

// Table writes the durations of a build's steps, lifecycle phases and buildpacks.
func Table(out io.Writer, spans []platform.Span) error {
	for _, l := range lanes(spans, 0) {
		for _, r := range l.Rows {
			if r.Kind != platform.KindStep && r.Kind != platform.KindPhase && r.Kind != platform.KindBuildpack {
				continue
			}
			what := strings.Repeat("  ", r.Depth) + r.What
			if where := r.Where(); where != "" {
				what = where + " " + what
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
