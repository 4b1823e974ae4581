package main

import (
	"reflect"
	"testing"
	"time"
)

func TestTheQuickTestsComeFirst(t *testing.T) {
	output := "=== RUN   TestSlow\n--- PASS: TestSlow (3.00s)\n    --- PASS: TestSlow/part (2.90s)\n--- PASS: TestB (0.40s)\n--- SKIP: TestNot (0.00s)\n--- PASS: TestA (0.10s)\nPASS\n"
	tests := durations(output)
	if want := []timed{{"TestSlow", 3 * time.Second}, {"TestB", 400 * time.Millisecond}, {"TestA", 100 * time.Millisecond}}; !reflect.DeepEqual(tests, want) {
		t.Errorf("got %v, want %v", tests, want)
	}
	for _, tc := range []struct {
		name  string
		tests []timed
		whole time.Duration
		want  []round
	}{
		{"two of three are quick", tests, 3600 * time.Millisecond, []round{
			{[]string{"-test.run=^(TestA|TestB)$"}, 6500 * time.Millisecond},
			{[]string{"-test.skip=^(TestA|TestB)$"}, 14300 * time.Millisecond},
		}},
		{"exactly a quarter", tests, 2 * time.Second, []round{
			{[]string{"-test.run=^(TestA|TestB)$"}, 6500 * time.Millisecond},
			{[]string{"-test.skip=^(TestA|TestB)$"}, 9500 * time.Millisecond},
		}},
		{"less than a quarter for the second", tests, 1900 * time.Millisecond, []round{
			{[]string{"-test.run=^(TestA)$"}, 5300 * time.Millisecond},
			{[]string{"-test.skip=^(TestA)$"}, 10400 * time.Millisecond},
		}},
		{"none is quick", tests[:1], 3 * time.Second, []round{{nil, 14 * time.Second}}},
		{"all are", tests[1:], 10 * time.Second, []round{{nil, 35 * time.Second}}},
		{"there are none", nil, time.Second, []round{{nil, 8 * time.Second}}},
	} {
		if got := divide(tc.tests, tc.whole); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
