package figures_test

import (
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/figures"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		what   string
		values []float64
		want   float64
	}{
		{"none", nil, 0},
		{"one", []float64{3}, 3},
		{"two, the mean", []float64{4, 1}, 2.5},
		{"an outlier does not move it", []float64{2, 100, 1}, 2},
		{"an even number, unsorted", []float64{9, 1, 3, 5}, 4},
	} {
		if got := figures.Median(c.values); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestMedianLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	figures.Median(values)
	if values[0] != 3 || values[1] != 1 {
		t.Errorf("the values were sorted in place: %v", values)
	}
}

func TestSpread(t *testing.T) {
	if least, most := figures.Spread([]float64{2, 5, 1}); least != 1 || most != 5 {
		t.Errorf("got %v to %v, want 1 to 5", least, most)
	}
	if least, most := figures.Spread(nil); least != 0 || most != 0 {
		t.Errorf("of none: got %v to %v, want 0 and 0", least, most)
	}
}

func TestRatio(t *testing.T) {
	if got, ok := figures.Ratio([]float64{8, 10, 12}, []float64{4}); !ok || got != 2.5 {
		t.Errorf("got %v, %v, want 2.5", got, ok)
	}
	if got, ok := figures.Ratio([]float64{2, 9, 12}, []float64{1, 3, 6}); !ok || got != 2 {
		t.Errorf("in turns: got %v, %v, want the middle one of 2, 3 and 2", got, ok)
	}
	for what, b := range map[string][]float64{"nothing measured": nil, "a median of 0": {0}} {
		if _, ok := figures.Ratio([]float64{1}, b); ok {
			t.Errorf("%s: got a ratio", what)
		}
	}
}
