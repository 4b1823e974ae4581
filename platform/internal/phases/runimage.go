//go:build linux

package phases

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// runImage is the image under the app's layers.
type runImage struct {
	found    string // folder or reference
	image    v1.Image
	recorded string // reference with digest, as recorded in the app image
	digest   v1.Hash
	asked    string // its reference, if the user named one
}

// findRunImage finds the requested run image, or else the builder's: in a folder
// beside the builder's, or at the reference in its metadata. If the caller did
// not choose the builder, that reference must be in a registry, and is read
// without credentials.
func (b *Build) findRunImage(ctx context.Context) (*runImage, error) {
	var called string // its public name
	if len(b.builder.runImages) > 0 {
		called = b.builder.runImages[0].Image
	}
	from, registries := b.RunImage, b.Registries
	switch {
	case from != "":
	case b.BuilderBy != "":
		registries = registries.For("the builder that " + b.BuilderBy + " names")
	default:
		from = images.RunImageBeside(b.builder.found, b.Target)
	}
	switch {
	case from != "" && !images.IsLayout(from):
		called = from
	case called == "":
		return nil, &failure.Failure{ID: "no-run-image", Cause: "the builder " + b.builder.found + " names no run image", Remedy: "name one with --run-image."}
	case from == "":
		from = called
	}
	image, err := registries.Find(ctx, from, b.Target)
	if err != nil {
		return nil, fmt.Errorf("looking for the run image: %w", err)
	}
	r := &runImage{found: from, image: image}
	if b.RunImage != "" && called == b.RunImage {
		r.asked = b.RunImage
	}
	if r.digest, err = image.Digest(); err != nil {
		return nil, images.Failed("fetching "+from, err)
	}
	r.recorded, err = images.Canonical(called, r.digest)
	return r, err
}
