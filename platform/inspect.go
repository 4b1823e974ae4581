//go:build linux

package platform

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/inspect"
)

// InspectRequest says which image to describe. Only Image has no good zero value.
type InspectRequest struct {
	Image  string // one that a build left in Home, an OCI layout's folder, or a reference
	Target Target // only this one of the image's; all when zero

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Registries Registries
	Getenv     func(string) string // variables of this process's environment; nil has none
}

// ImageDescription is what an image of one Platform says of itself: its Digest, its
// Size in bytes, the version of Node.js, the run image that it is on, its User, the
// Processes that it can start, its Layers from the bottom up, and what its bills of
// materials count. As JSON it is what `armature inspect --format json` prints.
type ImageDescription = inspect.Image

// ImageProcess is a process that an image can start: its Type, the Command with its
// arguments, and whether it is the Default.
type ImageProcess = inspect.Process

// ImageLayer is a layer of an image: its Owner ("run image",
// "armature/node-engine:node", "app"), Digest and Size in bytes, compressed.
type ImageLayer = inspect.Layer

// ImageSBOM is what a buildpack, the Owner, says it put into an image: so many
// Components.
type ImageSBOM = inspect.SBOM

// Inspect describes an image for every target that it has. It changes nothing, and
// makes no folder.
func Inspect(ctx context.Context, r InspectRequest) (found []*ImageDescription, err error) {
	defer explain(&err)
	h, there, err := home.OpenExisting(r.Home, environment(r.Getenv))
	if err != nil {
		return nil, err
	}
	if there {
		defer h.Finish()
	}
	if r.Target != (Target{}) {
		image, _, err := findImage(ctx, r.Registries.all(), h, r.Image, r.Target)
		if err != nil {
			return nil, err
		}
		one, err := inspect.Read(image)
		return []*ImageDescription{one}, err
	}
	err = eachTarget(ctx, r.Registries.all(), h, r.Image, func(_ Target, image v1.Image) error {
		one, err := inspect.Read(image)
		found = append(found, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
