package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// timed is a test function and its duration.
type timed struct {
	name string
	took time.Duration
}

var passed = regexp.MustCompile(`(?m)^--- PASS: (\S+) \((\S+s)\)$`)

// durations lists the tests that passed in the output of a test program with
// -test.v, without subtests.
func durations(output string) (all []timed) {
	for _, found := range passed.FindAllStringSubmatch(output, -1) {
		if took, err := time.ParseDuration(found[2]); err == nil {
			all = append(all, timed{found[1], took})
		}
	}
	return all
}

// quickShare is the part of the duration of all tests that the first round takes.
const quickShare = 4

// divide makes two rounds: the tests that are the quickest, and take a quarter of
// the whole duration together; then all others. Most changes are noticed in the
// first, which then costs a quarter of the time; so does a test that does not end.
func divide(tests []timed, whole time.Duration) []round {
	tests = slices.Clone(tests)
	slices.SortStableFunc(tests, func(a, b timed) int { return cmp.Compare(a.took, b.took) })
	var quick []string
	var took time.Duration
	for _, test := range tests {
		if took+test.took > whole/quickShare {
			break
		}
		took += test.took
		quick = append(quick, test.name)
	}
	if len(quick) == 0 || len(quick) == len(tests) {
		return []round{{limit: limit(whole)}}
	}
	names := "^(" + strings.Join(quick, "|") + ")$"
	return []round{
		{args: []string{"-test.run=" + names}, limit: limit(took)},
		{args: []string{"-test.skip=" + names}, limit: limit(whole - took)},
	}
}

// limit returns the time limit for tests with a change, given the unchanged
// duration.
func limit(unchanged time.Duration) time.Duration { return 3*unchanged + 5*time.Second }
