//go:build linux

// Package destination writes images to their output.
package destination

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/docker"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// The kinds of output. The zero value is an OCI layout in armature's folder.
const (
	layoutKind   = "oci"
	tarKind      = "tar"
	dockerKind   = "docker"
	registryKind = "registry"
)

// Output is where to write an image.
type Output struct {
	kind, path string

	Registries  images.Registries // for pushing
	Annotations map[string]string // for the image and its index, if any
}

// Parse parses oci:DIR, tar:FILE, docker, registry, or "".
func Parse(text string) (Output, error) {
	kind, path, _ := strings.Cut(text, ":")
	o := Output{kind: kind, path: path}
	needsPath := kind == layoutKind || kind == tarKind
	known := needsPath || text == "" || kind == dockerKind || kind == registryKind
	if !known || needsPath != (path != "") {
		return o, &failure.Failure{ID: "output-unknown", Cause: fmt.Sprintf("the output %q cannot be written", text), Remedy: "use oci:DIR, tar:FILE, docker or registry."}
	}
	return o, nil
}

// Write writes an image, or several as one index, and returns its folder, file or
// reference, with the digest. It leaves no partial output.
func (o Output) Write(ctx context.Context, h home.Home, tag name.Tag, made []v1.Image) (string, error) {
	for i, image := range made {
		made[i] = Annotated(image, o.Annotations)
	}
	index, err := indexOf(made)
	if err != nil {
		return "", err
	}
	if len(made) > 1 && len(o.Annotations) > 0 {
		index = mutate.Annotations(index, o.Annotations).(v1.ImageIndex)
	}
	digest, err := index.Digest()
	if len(made) == 1 {
		digest, err = made[0].Digest()
	}
	if err != nil {
		return "", err
	}
	found := o.path
	switch o.kind {
	case "":
		found = StorePath(h, tag)
		err = writeLayout(found, index)
	case layoutKind:
		err = writeLayout(o.path, index)
	case tarKind:
		err = writeTar(o.path, tag, made)
	case dockerKind:
		found = tag.String()
		err = load(ctx, tag, made)
	case registryKind:
		found = tag.String()
		err = push(ctx, o.Registries, tag, made, index)
	}
	return found + "@" + digest.String(), err
}

// Annotated returns an image with annotations added to its manifest.
func Annotated(image v1.Image, annotations map[string]string) v1.Image {
	if len(annotations) == 0 {
		return image
	}
	return mutate.Annotations(image, annotations).(v1.Image)
}

// indexOf returns an index of the images with their platforms, in the same order.
func indexOf(made []v1.Image) (v1.ImageIndex, error) {
	index := v1.ImageIndex(empty.Index)
	for _, image := range made {
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: config.OS, Architecture: config.Architecture}},
		})
	}
	return index, nil
}

func load(ctx context.Context, tag name.Tag, made []v1.Image) error {
	if len(made) > 1 {
		return onePlatform("a Docker engine keeps one platform under a name")
	}
	if has, err := docker.Has(ctx, made[0], tag.String()); has || err != nil {
		return err
	}
	return docker.Load(ctx, made[0], tag.String())
}

func onePlatform(cause string) error {
	return &failure.Failure{ID: "output-one-platform", Cause: cause, Remedy: "name one --platform, or another --output."}
}

// push pushes to a registry. Layers that several images share are sent once.
func push(ctx context.Context, registries images.Registries, tag name.Tag, made []v1.Image, index v1.ImageIndex) error {
	if len(made) == 1 {
		return registries.Push(ctx, tag.String(), made[0])
	}
	return registries.Push(ctx, tag.String(), index)
}

// StorePath returns the path of a named image in armature's folder. Paths of
// different names are distinct and not nested: no repository contains a colon.
func StorePath(h home.Home, tag name.Tag) string {
	inside := filepath.Join("/", tag.Context().RegistryStr(), filepath.FromSlash(tag.Context().RepositoryStr())+":"+tag.TagStr())
	return filepath.Join(h.Dir, "images", inside)
}

// unwritable returns the error if an image cannot be written to a path.
func unwritable(path string, err error) error {
	if diskfull.Is(err) {
		return diskfull.Failure("writing the image", err, path, "--output")
	}
	return &failure.Failure{ID: "output-unwritable", Cause: "writing the image", Err: err, Remedy: "name a place that you can write to."}
}
