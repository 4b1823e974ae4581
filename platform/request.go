//go:build linux

package platform

import "time"

// Request says what to build an image of, and how. Only Image has no good zero
// value, and Builder where the environment names none.
type Request struct {
	App   string // folder; the current one when empty
	Image string // what the image is called: NAME[:TAG], with a registry where it is pushed to one

	// Output is where the image goes: "oci:DIR" (an OCI layout), "tar:FILE" (for
	// docker load), "docker" (the engine) or "registry"; armature's own folder, as an
	// OCI layout, when empty.
	Output      string
	Annotations map[string]string // of the image's manifests and index

	Targets []Target // linux/arm64 when empty; several make one image with all of them
	Host    Target   // whose build image the build runs in, emulated where it is not this machine's; this machine's when zero
	Emulate bool     // Host is each target itself; want a zero Host with it

	// Descriptor is a project descriptor's file; the app's own project.toml when
	// empty.
	Descriptor string

	// Builder is the folder of an OCI layout, or of several as make builder makes
	// them, or a registry's reference. When it is empty, a Descriptor's counts, or
	// else what Getenv says ARMATURE_BUILDER is. A builder's programs see the bindings
	// and variables of a build: one that only the app's own project.toml names is used
	// with TrustAppBuilder alone.
	Builder         string
	TrustAppBuilder bool
	RunImage        string // folder of an OCI layout, or a reference; the builder's own when empty

	// Buildpacks are used in place of the builder's order: an id[@version] of the
	// builder's, a folder, a .tgz, a .cnb, docker://REFERENCE, or from=builder for that
	// order. When there are none, the descriptor's are.
	Buildpacks []string
	Env        map[string]string // for the buildpacks, before the descriptor's
	Bindings   []string          // folders of service bindings

	Labels    map[string]string // of the image, which buildpacks are asked for with BP_IMAGE_LABELS
	GitLabels bool              // label and annotate it with the app's commit and the remote origin
	Created   time.Time         // when the image says that it was made; 1980 when zero

	Network     Network     // HostNetwork when empty
	Limits      *Limits     // of each program; DefaultLimits when nil
	Compression Compression // Fast when empty
	SBOMDir     string      // folder for the bills of materials; with several targets one below for each

	// CacheKey is for builds that begin with what the last one of them left; when
	// empty, those of the same folder with the same builder do.
	CacheKey   string
	CacheImage string // where that is kept in a registry, in place of Home
	ClearCache bool   // forget it

	// SkipSourceDigest leaves Result.Source without its digest: making it reads all of
	// the app's files once more.
	SkipSourceDigest bool

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Sandbox    Way    // the first that works when empty
	Registries Registries
	Getenv     func(string) string // variables of this process's environment; nil has none
	Progress   Progress            // may be nil
}

// Compression is how layers are compressed.
type Compression string

// The compressions there are.
const (
	Fast  Compression = "fast"  // as the lifecycle and so pack do it
	Small Compression = "small" // a seventh less to push and to pull
)
