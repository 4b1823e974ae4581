package nodeengine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/spans"
)

// recorded are the spans in a log.
func recorded(log string) (all []spans.Span) {
	for line := range strings.Lines(log) {
		if span, ok := spans.Parse(strings.TrimSuffix(line, "\n")); ok {
			all = append(all, span)
		}
	}
	return all
}

func TestSpansAreReportedWhenEnabled(t *testing.T) {
	f := newFixture(t)
	if _, err := f.build(both(), entry("npm", "build")); err != nil {
		t.Fatal(err)
	}
	if got := recorded(f.log.String()); len(got) != 0 {
		t.Errorf("got %v, but nobody asked", got)
	}
	f = newFixture(t)
	f.write(t, f.platform, spans.File, "")
	if _, err := f.build(both(), entry("npm", "build")); err != nil {
		t.Fatal(err)
	}
	var downloads, layers []string
	for _, span := range recorded(f.log.String()) {
		if span.Kind == spans.Download {
			downloads = append(downloads, span.What)
			if span.Bytes == 0 {
				t.Errorf("got %+v", span)
			}
		} else {
			layers = append(layers, span.What)
		}
	}
	slices.Sort(layers)
	if want := []string{"making the layer node", "making the layer node-build"}; !slices.Equal(layers, want) || len(downloads) < 2 {
		t.Errorf("got %q and downloads of %q", layers, downloads)
	}
}
