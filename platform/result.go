//go:build linux

package platform

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/platform/internal/inspect"
	"github.com/armature-cnb/armature/platform/internal/phases"
)

// Written is an image that was written to its output.
type Written struct {
	Name      string        // with its tag
	Reference string        // folder, file or name, with the digest
	Digest    string        // "sha256:…" of the image, or of the index if there are several
	Images    []TargetImage // one for each target
}

// TargetImage is the image for one target, and its inputs.
type TargetImage struct {
	Target      Target
	Digest      string // "sha256:…" of its manifest
	Size        int64  // bytes of its layers, compressed
	Builder     Pinned // whose build image the build ran in
	RunImage    Pinned // under the app's layers
	Lifecycle   string // version of the lifecycle by the builder's metadata; "" without one
	PlatformAPI string // version of the Platform API
	Buildpacks  []Buildpack

	// Fetched are the buildpacks that do not come from the builder, as they were
	// named: with the digest of a buildpackage's manifest, or the [SourceDigest] of
	// any other's files.
	Fetched []Pinned
}

// Pinned is a reference with its digest.
type Pinned struct {
	Reference string // a folder, or a name in a registry
	Digest    string // "sha256:…"
}

// Buildpack is a buildpack of the group, in build order.
type Buildpack struct{ ID, Version string }

// Result is an image that was built, and its inputs.
type Result struct {
	Written

	// Source is the app's folder with the [SourceDigest] of the copy that was
	// built: without files that a project descriptor excludes, and without a
	// developer's own modules if the build removes them before use.
	Source Pinned

	Settings Settings
}

// Settings are the settings that may affect the image.
type Settings struct {
	// Env are the variables for the buildpacks, by name: the request's, the project
	// descriptor's, and BP_IMAGE_LABELS. A value may be a secret: publish only
	// [Settings.Variables].
	Env map[string]string

	Bindings    []string // names of the service bindings, never their contents
	Buildpacks  []string // buildpacks that replace or surround the builder's order
	Created     time.Time
	Network     Network
	Compression Compression
	ClearCache  bool
}

// Variables returns the names of Env, sorted.
func (s Settings) Variables() []string { return slices.Sorted(maps.Keys(s.Env)) }

// Materials returns the inputs of the image without duplicates: the app's source,
// if it has a digest, and for each target the builder, the run image, and the
// buildpacks that do not come from the builder.
func (r Result) Materials() (all []Pinned) {
	if r.Source.Digest != "" {
		all = append(all, r.Source)
	}
	for _, image := range r.Images {
		for _, one := range append([]Pinned{image.Builder, image.RunImage}, image.Fetched...) {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// settings returns those of a build.
func (b *build) settings() Settings {
	o := b.options
	s := Settings{Env: maps.Clone(o.Env), Buildpacks: o.Buildpacks.Names(), Created: b.Created, Network: Network(o.Network), Compression: Fast, ClearCache: b.ClearCache}
	if o.Small {
		s.Compression = Small
	}
	for _, binding := range b.Bindings {
		if path, err := filepath.Abs(binding); err == nil { // gives "." a name
			s.Bindings = append(s.Bindings, filepath.Base(path))
		}
	}
	return s
}

// describe lists the inputs of an image.
func describe(b *phases.Build, image v1.Image) (TargetImage, error) {
	digest, err := image.Digest()
	if err != nil {
		return TargetImage{}, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return TargetImage{}, err
	}
	f := b.Facts()
	described := TargetImage{
		Target: b.Target, Digest: digest.String(), Size: sizeOf(manifest), Lifecycle: f.Lifecycle, PlatformAPI: f.PlatformAPI,
		Builder: Pinned{f.Builder, f.BuilderDigest}, RunImage: Pinned{f.RunImage, f.RunImageDigest},
	}
	for _, one := range f.Fetched {
		described.Fetched = append(described.Fetched, Pinned{one.Name, one.Digest})
	}
	buildpacks, err := inspect.Buildpacks(image)
	for _, one := range buildpacks {
		described.Buildpacks = append(described.Buildpacks, Buildpack(one))
	}
	return described, err
}

// sizeOf returns the compressed bytes of a manifest's layers.
func sizeOf(manifest *v1.Manifest) (size int64) {
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size
}

// digestIn returns the digest at the end of a reference.
func digestIn(reference string) string { return reference[strings.LastIndexByte(reference, '@')+1:] }
