// Command healthcheck asks the app in its container whether it is well:
//
//	healthcheck VARIABLE PORT PATH
//
// It asks for PATH at the port that VARIABLE has, or at PORT without the variable. It
// ends with 0 for an answer with a status from 200 to 399, and otherwise with 1 and
// the reason on standard error.
package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/armature-cnb/armature/internal/healthprobe"
)

// timeout is how long the app may take to answer.
const timeout = 5 * time.Second

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintf(os.Stderr, "healthcheck: got %q, want VARIABLE PORT PATH\n", os.Args[1:])
		os.Exit(1)
	}
	if err := healthprobe.Probe(cmp.Or(os.Getenv(os.Args[1]), os.Args[2]), os.Args[3], timeout); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		os.Exit(1)
	}
}
