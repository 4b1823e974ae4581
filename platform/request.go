//go:build linux

package platform

import "time"

// Request says what to build an image of, and how. Image is required, and Builder
// if the environment names none.
type Request struct {
	App   string // folder; the current one when empty
	Image string // the image's name: NAME[:TAG], with a registry if it is pushed

	// Output is "oci:DIR" (an OCI layout), "tar:FILE" (for docker load), "docker"
	// (the engine) or "registry"; when empty, an OCI layout in armature's own
	// folder.
	Output      string
	Annotations map[string]string // for the image's manifests and index

	Targets []Target // linux/arm64 when empty; several make one multi-platform image
	Host    Target   // the build image's platform, emulated if it is not this machine's; this machine's when zero
	Emulate bool     // use each target as its Host; Host must be zero

	// Descriptor is the path of a project descriptor; the app's project.toml when
	// empty.
	Descriptor string

	// Builder is the folder of an OCI layout, or of several as make builder makes
	// them, or a registry's reference. When empty, it is that of Descriptor, or
	// else $ARMATURE_BUILDER of Getenv. A builder's programs see the build's
	// bindings and variables: the builder of the app's own project.toml is used
	// only with TrustAppBuilder.
	Builder         string
	TrustAppBuilder bool
	RunImage        string // folder of an OCI layout, or a reference; the builder's own when empty

	// Buildpacks replace the builder's order: an id[@version] of the builder's, a
	// folder, a .tgz, a .cnb, docker://REFERENCE, or from=builder for that order.
	// When empty, the descriptor's are used.
	Buildpacks []string
	Env        map[string]string // for the buildpacks; overrides the descriptor's
	Bindings   []string          // folders of service bindings

	// Environment is what the image is for; Production when empty. Of others, the
	// image has the dependencies for development, and one process, of that name.
	Environment Environment

	Processes map[string]string // commands by type of process, which buildpacks get in BP_START_COMMAND and BP_START_COMMAND_<TYPE>
	Labels    map[string]string // labels of the image, which buildpacks get in BP_IMAGE_LABELS
	GitLabels bool              // add the app's commit and remote origin as labels and annotations
	Created   time.Time         // creation time of the image; 1980 when zero

	Network     Network     // HostNetwork when empty
	Limits      *Limits     // for each program; DefaultLimits when nil
	Compression Compression // Fast when empty
	SBOMDir     string      // folder for the bills of materials; with several targets, one subfolder for each

	// CacheKey selects the build cache; when empty, builds of the same folder with
	// the same builder share one.
	CacheKey   string
	CacheImage string // cache image in a registry that replaces the cache in Home
	ClearCache bool   // start without the build cache

	// SkipSourceDigest leaves Result.Source without a digest: computing it reads
	// all of the app's files again.
	SkipSourceDigest bool

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Sandbox    Way    // the first that works if empty
	Registries Registries
	Getenv     func(string) string // looks up an environment variable; nil has none
	Progress   Progress            // may be nil
}

// Compression is the compression of layers.
type Compression string

// The compressions.
const (
	Fast  Compression = "fast"  // as the lifecycle and pack compress
	Small Compression = "small" // about a seventh smaller to push and to pull
)
