// Command stack makes the build image and the run images from Debian's signed
// archive, for any target on any host, without running the target's programs.
//
//	go run ./tools/stack -kind run -target linux/arm64 -out build/stack/run-arm64
//
// The result is an OCI image layout with one manifest; its SBOM is next to it
// (OUT.cdx.json). It skips an image made from the same lists of packages;
// -force gets updates from Debian's archive.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "stack:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run makes the image that args describe and logs its steps.
func run(ctx context.Context, args []string, log io.Writer) error {
	r, err := parseArgs(args, log)
	if err != nil {
		return err
	}
	return makeImage(ctx, r, log)
}

func parseArgs(args []string, log io.Writer) (request, error) {
	flags := flag.NewFlagSet("stack", flag.ContinueOnError)
	flags.SetOutput(log)
	kindName := flags.String("kind", "", "`image` to make: run, run-tiny or build")
	targetName := flags.String("target", "", "`platform` to make it for: linux/arm64 or linux/amd64")
	out := flags.String("out", "", "`folder` of the OCI image layout (default build/stack/KIND-ARCH)")
	force := flags.Bool("force", false, "make the image anew even if it was made from the same inputs")
	if err := flags.Parse(args); err != nil {
		return request{}, err
	}
	if flags.NArg() > 0 {
		return request{}, fmt.Errorf("got argument %q, want flags only", flags.Arg(0))
	}
	k, err := parseKind(*kindName)
	if err != nil {
		return request{}, fmt.Errorf("-kind: %w", err)
	}
	t, err := targets.Parse(*targetName)
	if err != nil {
		return request{}, fmt.Errorf("-target: %w", err)
	}
	if *out == "" {
		*out = filepath.Join("build", "stack", k.name+"-"+t.Arch)
	}
	return request{kind: k, target: t, out: filepath.Clean(*out), force: *force}, nil
}
