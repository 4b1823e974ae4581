//go:build linux

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/platform"
)

// rebaseFlags are the flags of rebase.
type rebaseFlags struct {
	tag, output, builder, runImage, cacheDir, sandbox, creationTime string

	annotations list
	insecure    hosts
	quiet       bool
}

func rebaseCommand(p *program) *cobra.Command {
	f := &rebaseFlags{}
	c := newCommand("rebase IMAGE", "puts an image on another run image", longHelp("rebase"), 1, func(ctx context.Context, args []string) error {
		return f.run(ctx, p, args)
	})
	set := c.Flags()
	set.StringVar(&f.tag, "tag", "", "what the new image is called (`NAME[:TAG]`); IMAGE when left out")
	set.StringVar(&f.output, "output", "", "where it goes (`KIND`), as in build")
	set.StringVar(&f.builder, "builder", "", "the builder (`FOLDER` or reference), as in build")
	set.StringVar(&f.runImage, "run-image", "", "the run image (`FOLDER` or reference), as in build")
	set.StringVar(&f.creationTime, "creation-time", "", "when the image says that it was made (`TIME`), as in build; as before when left out")
	set.Var(&f.annotations, "annotation", "an annotation (`NAME=VALUE`), as in build; those that the image has stay")
	set.Var(&f.insecure, "insecure-registry", insecureHelp)
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	set.StringVar(&f.sandbox, "sandbox", "", "what keeps the lifecycle apart (`WAY`), as in build")
	set.BoolVar(&f.quiet, "quiet", false, "say nothing but errors and the image's digest")
	return c
}

func (f *rebaseFlags) run(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		return &usageError{"rebase: IMAGE is missing"}
	}
	r := platform.RebaseRequest{
		Image: args[0], As: f.tag, Output: f.output, Builder: f.builder, RunImage: f.runImage,
		Home: f.cacheDir, Sandbox: platform.Way(f.sandbox), Registries: platform.Registries{Insecure: f.insecure}, Getenv: p.getenv,
	}
	var err error
	if r.Created, err = created(f.creationTime, p.lookup, time.Now()); err != nil {
		return err
	}
	if r.Annotations, err = readPairs("annotation", f.annotations); err != nil {
		return err
	}
	o, err := (&buildFlags{progress: string(report.Auto), quiet: f.quiet}).outcome(p)
	if err != nil {
		return err
	}
	defer o.Close()
	r.Progress = o
	_, err = platform.Rebase(ctx, r)
	return o.end(err)
}
