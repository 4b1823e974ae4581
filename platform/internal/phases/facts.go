//go:build linux

package phases

import (
	"strings"

	"github.com/armature-cnb/armature/platform/internal/order"
)

// Facts are what a build works with, once it was started.
type Facts struct {
	Builder, BuilderDigest   string // folder or reference, and "sha256:…"
	RunImage, RunImageDigest string // reference as the image records it, and "sha256:…"
	Lifecycle                string // version that the builder says, or ""
	PlatformAPI              string // version that the lifecycle is called by

	Fetched []order.Fetched // buildpacks that are not the builder's
}

// Facts says what the build works with.
func (b *Build) Facts() Facts {
	run, _, _ := strings.Cut(b.run.recorded, "@")
	return Facts{
		Builder: b.builder.found, BuilderDigest: b.builder.digest.String(), RunImage: run, RunImageDigest: b.run.digest.String(),
		Lifecycle: b.builder.lifecycle, PlatformAPI: b.builder.platformAPI, Fetched: b.fetched,
	}
}
