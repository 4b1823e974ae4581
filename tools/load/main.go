// Command load loads one image of an OCI layout into the Docker engine.
//
//	load -layout build/stack/run-arm64 -platform linux/arm64 -tag armature/run:arm64
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/internal/engine"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("load", run) }

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	layout := flags.String("layout", "", "folder of the OCI layout")
	platformText := flags.String("platform", "", "which of its images, for example linux/arm64")
	tag := flags.String("tag", "", "the tag it gets")
	if err := flags.Parse(args); err != nil {
		return err
	}
	platform, err := targets.Parse(*platformText)
	if err != nil {
		return fmt.Errorf("reading -platform: %w", err)
	}
	image, err := oci.Image(*layout, platform)
	if err != nil {
		return err
	}
	return engine.Load(ctx, log, image, *tag)
}
