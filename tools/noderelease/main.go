// Command noderelease maintains the inventory of Node.js releases: the versions
// for each target, the addresses of their archives, and the archives'
// checksums.
//
// It works as source → verify → releases → render:
//
//   - source.go fetches the release index, the release schedule, the signed
//     lists of checksums, the releasers' keys and the npm registry's package
//     documents; only with -update.
//   - verify.go checks the OpenPGP signature of a list of checksums.
//   - releases.go joins the policy (policy.toml, keys.toml; by hand) and the
//     evidence into the lock file, a file of facts.
//   - render.go writes the generated part of buildpack.toml from the lock
//     file, without a network and the same every time.
//
// See docs/node-releases.md for how to use it and what it verifies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "noderelease:", err)
		os.Exit(1)
	}
}
