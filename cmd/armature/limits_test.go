//go:build linux

package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/armature-cnb/armature/platform"
)

// limitsOf parses the flags of limits.
func limitsOf(defaults bool, args ...string) (platform.Limits, error) {
	set := pflag.NewFlagSet("x", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	var limits platform.Limits
	addLimits(set, &limits, defaults)
	err := set.Parse(args)
	return limits, err
}

func TestLimitsAreNumbersSizesOrNone(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want platform.Limits
	}{
		{"none of them", nil, platform.Limits{}},
		{"numbers", []string{"--max-processes", "500", "--max-open-files", "64", "--max-file-size", "1000"}, platform.Limits{Processes: 500, OpenFiles: 64, FileSize: 1000}},
		{"sizes", []string{"--max-file-size", "4g"}, platform.Limits{FileSize: 4 << 30}},
		{"a capital letter", []string{"--max-file-size", "500M"}, platform.Limits{FileSize: 500 << 20}},
		{"taken back", []string{"--max-processes", "5", "--max-processes", "none"}, platform.Limits{}},
	} {
		if got, err := limitsOf(false, tc.args...); err != nil || got != tc.want {
			t.Errorf("%s: got %+v, %v, want %+v", tc.name, got, err, tc.want)
		}
	}
	for _, args := range [][]string{{"--max-processes", "0"}, {"--max-processes", "-1"}, {"--max-processes", "4g"}, {"--max-open-files", "many"}, {"--max-file-size", ""}, {"--max-file-size", "g"}, {"--max-file-size", "9999999999t"}, {"--max-file-size", "1.5g"}} {
		if got, err := limitsOf(false, args...); err == nil {
			t.Errorf("%q: got %+v, want an error", args, got)
		}
	}
}

func TestABuildHasLimitsByDefault(t *testing.T) {
	limits, err := limitsOf(true)
	if err != nil || limits != platform.DefaultLimits() {
		t.Errorf("got %+v, %v, want the defaults", limits, err)
	}
	limits, err = limitsOf(true, "--max-processes", "none", "--max-open-files", "none", "--max-file-size", "none")
	if err != nil || limits != (platform.Limits{}) {
		t.Errorf("all taken back: got %+v, %v", limits, err)
	}
}

func TestWhatCannotBeMountedIsSaidBeforeAnythingIsLookedFor(t *testing.T) {
	for _, tc := range []struct {
		args   []string
		status int
		id     string
	}{
		{[]string{"run", "no-such-image", "--volume", "/nowhere:/data"}, 1, "mount-unusable"},
		{[]string{"run", "no-such-image", "--tmpfs", "data"}, 1, "mount-unusable"},
		{[]string{"run", "no-such-image", "--network", "bridge"}, 2, "want host or none"},
		{[]string{"run", "no-such-image", "--max-processes", "0"}, 2, "want a number from 1, or none"},
		{[]string{"run", "no-such-image", "--max-file-size", "4gg"}, 2, "want bytes from 1, with k, m, g or t behind the number for more, or none"},
	} {
		_, log, status := call(t, append(tc.args, "--cache-dir", t.TempDir())...)
		if status != tc.status || !strings.Contains(log, tc.id) {
			t.Errorf("%q: got %d and %s, want %d and %s", tc.args, status, log, tc.status, tc.id)
		}
	}
}
