// Package engine has the tags of this repository's images in a Docker engine,
// and loads them with log lines.
package engine

import (
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/docker"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// Load is [docker.Load] with log lines; it does nothing if the engine already
// has the image.
func Load(ctx context.Context, log io.Writer, image v1.Image, tag string) error {
	if has, err := docker.Has(ctx, image, tag); has || err != nil {
		return err
	}
	return step.Do(log, "loading "+tag+" into the engine", func() error { return docker.Load(ctx, image, tag) })
}

// Builder is the tag of the builder for a target in the engine.
func Builder(t targets.Target) string { return "armature/builder:" + t.Arch }

// RunImage is the reference of the run image in the metadata of builders and
// app images, and its tag in the engine.
func RunImage(t targets.Target) string { return "armature/run:" + t.Arch }
