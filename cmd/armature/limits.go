//go:build linux

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/armature-cnb/armature/platform"
)

// limit is a flag for a number of things, or of bytes with a unit, or none.
type limit struct {
	to    *int64
	bytes bool
}

func (l limit) String() string { return "" } // the help text has the default in words
func (l limit) Type() string   { return "number" }

func (l limit) Set(text string) error {
	if text == "none" {
		*l.to = 0
		return nil
	}
	number, unit := text, int64(1)
	if l.bytes {
		for i, name := range []string{"k", "m", "g", "t"} {
			if cut, found := strings.CutSuffix(strings.ToLower(text), name); found {
				number, unit = cut, 1<<(10*(i+1))
			}
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/unit {
		want := "a number from 1"
		if l.bytes {
			want = "bytes from 1, with k, m, g or t behind the number for more"
		}
		return fmt.Errorf("got %q, want %s, or none", text, want)
	}
	*l.to = n * unit
	return nil
}

// addLimits adds the flags for a program's limits. With defaults it first sets
// limits to the defaults.
func addLimits(set *pflag.FlagSet, limits *platform.Limits, defaults bool) {
	some := [3]string{"none", "none", "none"}
	if defaults {
		*limits = platform.DefaultLimits()
		some = [3]string{"8192, and 256 for each processor", "65536", "16g"}
	}
	set.Var(limit{to: &limits.Processes}, "max-processes", "the most processes and threads there may be at once, as a `NUMBER` or none; what stays at this limit is ended; when left out, "+some[0])
	set.Var(limit{to: &limits.OpenFiles}, "max-open-files", "the most files that a process may have open, as a `NUMBER` or none; when left out, "+some[1])
	set.Var(limit{to: &limits.FileSize, bytes: true}, "max-file-size", "the most bytes of each file that is written, as a `SIZE` (500m, 4g) or none; when left out, "+some[2])
}
