// Package figures does the arithmetic on repeated measurements.
package figures

import "slices"

// Median returns the middle value, or the mean of the two in the middle; 0 for
// none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Spread returns the smallest and the largest value; 0 and 0 for none. Slow
// builds have too few repetitions for quartiles.
func Spread(values []float64) (least, most float64) {
	if len(values) == 0 {
		return 0, 0
	}
	return slices.Min(values), slices.Max(values)
}

// Ratio is a's values over b's, and whether there is one: both must have
// values, and b's must not be 0. If both have as many values, it is the median
// of the rounds' ratios: changes between rounds, such as other load on the
// machine, affect both. Otherwise it is the ratio of the medians.
func Ratio(a, b []float64) (float64, bool) {
	if len(a) == 0 || len(b) == 0 || slices.Contains(b, 0) {
		return 0, false
	}
	if len(a) != len(b) {
		return Median(a) / Median(b), true
	}
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return Median(ratios), true
}
