//go:build linux

package phases

import (
	"strings"

	"github.com/armature-cnb/armature/platform/internal/order"
)

// Facts are a build's inputs, known after Start.
type Facts struct {
	Builder, BuilderDigest   string // folder or reference, and "sha256:…"
	RunImage, RunImageDigest string // reference as recorded in the image, and "sha256:…"
	Lifecycle                string // version in the builder's metadata, or ""
	PlatformAPI              string // version used

	Fetched []order.Fetched // buildpacks that do not come from the builder
}

// Facts returns the build's inputs.
func (b *Build) Facts() Facts {
	run, _, _ := strings.Cut(b.run.recorded, "@")
	return Facts{
		Builder: b.builder.found, BuilderDigest: b.builder.digest.String(), RunImage: run, RunImageDigest: b.run.digest.String(),
		Lifecycle: b.builder.lifecycle, PlatformAPI: b.builder.platformAPI, Fetched: b.fetched,
	}
}
