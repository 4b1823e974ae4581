//go:build linux

package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/destination"
	"github.com/armature-cnb/armature/platform/images"
	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/sandbox"
)

func rebaseCommand(p *program) *cobra.Command {
	f := &buildFlags{network: "none", progress: "auto", limits: sandbox.DefaultLimits()}
	c := newCommand("rebase IMAGE", "puts an image on another run image", longHelp("rebase"), 1, func(ctx context.Context, args []string) error {
		return f.rebase(ctx, p, args)
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

func (f *buildFlags) rebase(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		return &usageError{"rebase: IMAGE is missing"}
	}
	if f.tag == "" {
		f.tag = args[0]
	}
	tag, err := parseTag(f.tag)
	if err != nil {
		return err
	}
	to, err := destination.Parse(f.output)
	if err != nil {
		return err
	}
	options, err := f.options(p, "")
	if err != nil {
		return err
	}
	options.Name = tag.Name()
	to.Registries, to.Annotations = options.Registries, f.allAnnotations
	defer options.Log.Close()
	if err := to.Check(ctx, tag, 1); err != nil { // of how many platforms the image is, it says later
		return err
	}
	if options.Way, err = findWay(ctx, f.sandbox, options.Home); err != nil {
		return err
	}
	if options.Way == sandbox.Chroot {
		options.Network = sandbox.Host // which a chroot cannot keep away
	}
	builds, err := startRebases(ctx, options, args[0])
	if err != nil {
		return err
	}
	written, err := finish(ctx, options, builds, to, tag)
	return f.end(p, options, func() error { return closeAll(builds) }, written, err)
}

// startRebases prepares one for every platform of an image.
func startRebases(ctx context.Context, options phases.Options, called string) (builds []*phases.Build, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(builds))
		}
	}()
	var missing error
	for _, platform := range targets.All() {
		one := options
		one.Target = platform
		one.Rebase, _, err = findImage(ctx, options.Registries, options.Home, called, platform.String())
		if images.IsOtherPlatform(err) {
			missing = err
			continue
		}
		if err != nil {
			return builds, err
		}
		b, err := phases.Start(ctx, one)
		if err != nil {
			return builds, err
		}
		builds = append(builds, b)
	}
	if len(builds) == 0 {
		return nil, missing
	}
	return builds, nil
}

// likeBefore is an image that was rebased with what the lifecycle does not take
// over from the one before: its annotations, and the time when it says that it
// was made, unless there is to be another one (as SOURCE_DATE_EPOCH has it).
func likeBefore(image, before v1.Image, created string) (v1.Image, error) {
	manifest, err := before.Manifest()
	if err != nil {
		return nil, err
	}
	was, err := before.ConfigFile()
	if err != nil {
		return nil, err
	}
	is, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	at := was.Created
	if seconds, err := strconv.ParseInt(created, 10, 64); err == nil {
		at = v1.Time{Time: time.Unix(seconds, 0).UTC()}
	}
	if !at.Equal(is.Created.Time) {
		if image, err = mutate.CreatedAt(image, at); err != nil {
			return nil, err
		}
	}
	return destination.Annotated(image, manifest.Annotations), nil
}
