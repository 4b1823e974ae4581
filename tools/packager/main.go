// Command packager makes buildpackages: it compiles every buildpack for every
// target, makes one folder per buildpack that runs on all targets, and calls
// pack to make .cnb files of them.
//
//	packager -version 0.1.0 -out build/packages [-archives build/archives] [-programs build/managers]
//
// One folder works on every host because bin/detect and bin/build select the
// program for the host's architecture. It has the programs for all targets
// because a cross build copies the target's helpers into the app image.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("packager", run) }

// Semantic versions without build metadata, as in an order.
var versionPattern = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("packager", flag.ContinueOnError)
	version := flags.String("version", "", "version of every buildpack, for example 0.1.0")
	out := flags.String("out", "", "folder to make; what it held before is replaced")
	archives := flags.String("archives", "", "folder of pinned archives to ship inside node-engine (none when empty)")
	programs := flags.String("programs", "", "folder of package managers' archives to ship inside npm-install (none when empty)")
	source := flags.String("source", "buildpacks", "folder of the buildpacks' sources")
	pack := flags.String("pack", "pack", "the pack program")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !versionPattern.MatchString(*version) {
		return fmt.Errorf("-version is %q, want major.minor.patch, for example 0.1.0", *version)
	}
	if *out == "" {
		return errors.New("-out is missing")
	}
	p := packager{ctx: ctx, log: log, version: *version, archives: *archives, programs: *programs, pack: *pack}
	return p.replace(*source, *out)
}

// replace makes all packages in a folder next to out and then replaces out by
// it, so that out has either all old packages or all new ones.
func (p *packager) replace(source, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	p.work, err = os.MkdirTemp(filepath.Dir(out), ".packages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.work)
	if err := os.Chmod(p.work, 0o755); err != nil {
		return err
	}
	if err := p.makeAll(source); err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	return os.Rename(p.work, out)
}
