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

// Written is an image that was put where it belongs.
type Written struct {
	Name      string        // with its tag
	Reference string        // how to find it: a folder, a file or a name, with its digest
	Digest    string        // "sha256:…" of the image, or of the index of several
	Images    []TargetImage // one for each target
}

// TargetImage is an image for one target, and what it was made with.
type TargetImage struct {
	Target      Target
	Digest      string // "sha256:…" of its manifest
	Builder     Pinned // that the build ran in
	RunImage    Pinned // that the app's layers are on
	Lifecycle   string // version that the builder says its lifecycle has, "" where it says none
	PlatformAPI string // version of the Platform API that the lifecycle was called by
	Buildpacks  []Buildpack

	// Fetched are the buildpacks that are not the builder's, as they were named: with
	// the digest of a buildpackage's manifest, or as [SourceDigest] has it of any
	// other's files.
	Fetched []Pinned
}

// Pinned is something that a digest names for ever.
type Pinned struct {
	Reference string // a folder, or a name in a registry
	Digest    string // "sha256:…"
}

// Buildpack is one that took part, in the order in which they built.
type Buildpack struct{ ID, Version string }

// Result is an image that was built, and all that it was built of.
type Result struct {
	Written

	// Source is the app's folder with the [SourceDigest] of the copy that was built:
	// without what a project descriptor leaves out, and without a developer's own
	// modules where the build removes them before anything reads them.
	Source Pinned

	Settings Settings
}

// Settings are those that had a say in the image.
type Settings struct {
	// Env are the variables that buildpacks got, by name, as they were given: by the
	// request, the project descriptor, and as BP_IMAGE_LABELS. A value may be a
	// secret: what is published has [Settings.Variables] only.
	Env map[string]string

	Bindings    []string // names of the service bindings; of their contents nothing is told
	Buildpacks  []string // that were asked for in place of the builder's order, or before and after it
	Created     time.Time
	Network     Network
	Compression Compression
	ClearCache  bool
}

// Variables are the names of Env, sorted.
func (s Settings) Variables() []string { return slices.Sorted(maps.Keys(s.Env)) }

// Materials are what the image was made of, each once: the app's source, where it
// has a digest, and of each target the builder, the run image, and the buildpacks
// that are not the builder's.
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

// settings are those of a build.
func (b *build) settings() Settings {
	o := b.options
	s := Settings{Env: maps.Clone(o.Env), Buildpacks: o.Buildpacks.Names(), Created: b.Created, Network: Network(o.Network), Compression: Fast, ClearCache: b.ClearCache}
	if o.Small {
		s.Compression = Small
	}
	for _, binding := range b.Bindings {
		if path, err := filepath.Abs(binding); err == nil { // "." has a name, too
			s.Bindings = append(s.Bindings, filepath.Base(path))
		}
	}
	return s
}

// describe says what an image was made with.
func describe(b *phases.Build, image v1.Image) (TargetImage, error) {
	digest, err := image.Digest()
	if err != nil {
		return TargetImage{}, err
	}
	f := b.Facts()
	described := TargetImage{
		Target: b.Target, Digest: digest.String(), Lifecycle: f.Lifecycle, PlatformAPI: f.PlatformAPI,
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

// digestIn is the digest that a reference ends with.
func digestIn(reference string) string { return reference[strings.LastIndexByte(reference, '@')+1:] }
