//go:build linux

package platform

import (
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Target is a platform that images are for: its OS is "linux", its Arch "arm64" or
// "amd64".
type Target = targets.Target

// Targets are all that there are, in the order that an image has them in.
func Targets() []Target { return targets.All() }

// Network is what programs in a sandbox can reach.
type Network string

// The networks there are.
const (
	HostNetwork = Network(sandbox.Host) // what this machine reaches
	NoNetwork   = Network(sandbox.None) // nothing but itself
)

// Limits are what programs in a sandbox may use. Of 0 there is no limit but that of
// this process, which none can be above.
type Limits struct {
	Processes int64 // the most at once, threads included
	OpenFiles int64 // of each process
	FileSize  int64 // of each file that is written, in bytes
}

// DefaultLimits are those of a build, far above what builds need.
func DefaultLimits() Limits { return Limits(sandbox.DefaultLimits()) }

// Way is how a sandbox is kept apart from the rest of the machine.
type Way string

// The ways there are.
const (
	MountNamespace = Way(sandbox.Mounts) // for root
	UserNamespace  = Way(sandbox.Users)  // for everybody
	Chroot         = Way(sandbox.Chroot) // for root in a container that may make no namespaces
)

// Registries says how registries are asked. The zero value asks them with the
// credentials that docker login left, and over https unless they are on this
// machine or in a private network.
type Registries struct {
	// Insecure are registries, HOST or HOST:PORT as references have them, that may
	// speak http, or have a certificate that nobody vouches for.
	Insecure []string

	// Keychain has credentials in place of docker login's.
	Keychain authn.Keychain
}

// all are the registries of a call, for references that its caller chose.
func (r Registries) all() images.Registries {
	return images.Registries{Insecure: r.Insecure, Keychain: r.Keychain}
}

// IsRegistry says whether a text is a registry as references have it, HOST or
// HOST:PORT.
func IsRegistry(text string) bool { return images.IsRegistry(text) }

// environment is what a request's Getenv is, or an empty one.
func environment(getenv func(string) string) func(string) string {
	if getenv == nil {
		return func(string) string { return "" }
	}
	return getenv
}
