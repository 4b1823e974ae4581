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
	Image  string // an image in Home, an OCI layout's folder, or a reference
	Target Target // the only one to describe; all when zero

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Registries Registries
	Getenv     func(string) string // looks up an environment variable; nil has none
}

// ImageDescription describes an image of one platform. As JSON it is the output of
// armature inspect --format json.
type ImageDescription struct {
	Platform  string         `json:"platform"`
	Digest    string         `json:"digest"`
	Size      int64          `json:"size"`           // bytes of all layers, compressed
	Node      string         `json:"node,omitempty"` // version of Node.js
	RunImage  string         `json:"runImage"`       // reference, with its digest
	User      string         `json:"user"`
	Processes []ImageProcess `json:"processes"`
	Layers    []ImageLayer   `json:"layers"` // lowest first
	SBOM      []ImageSBOM    `json:"sbom"`
}

// ImageProcess is a process that an image can start.
type ImageProcess struct {
	Type    string   `json:"type"`
	Command []string `json:"command"` // with its arguments
	Default bool     `json:"default"`
}

// ImageLayer is a layer of an image.
type ImageLayer struct {
	Owner  string `json:"owner"` // "run image", "armature/node-engine:node", "app"
	Digest string `json:"digest"`
	Size   int64  `json:"size"` // bytes, compressed
}

// ImageSBOM is what a buildpack reports that it put into an image.
type ImageSBOM struct {
	Owner      string `json:"owner"` // the buildpack's folder in the layer
	Components int    `json:"components"`
}

// described converts an image's description to the API's type.
func described(image v1.Image) (*ImageDescription, error) {
	i, err := inspect.Read(image)
	if err != nil {
		return nil, err
	}
	d := &ImageDescription{Platform: i.Platform, Digest: i.Digest, Size: i.Size, Node: i.Node, RunImage: i.RunImage, User: i.User}
	for _, one := range i.Processes {
		d.Processes = append(d.Processes, ImageProcess(one))
	}
	for _, one := range i.Layers {
		d.Layers = append(d.Layers, ImageLayer(one))
	}
	for _, one := range i.SBOM {
		d.SBOM = append(d.SBOM, ImageSBOM(one))
	}
	return d, nil
}

// Inspect describes an image for each of its targets. It writes nothing.
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
		one, err := described(image)
		return []*ImageDescription{one}, err
	}
	err = eachTarget(ctx, r.Registries.all(), h, r.Image, func(_ Target, image v1.Image) error {
		one, err := described(image)
		found = append(found, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
