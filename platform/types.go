//go:build linux

package platform

import (
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Target is an image platform: its OS is "linux", its Arch "arm64" or "amd64".
type Target = targets.Target

// Targets returns all supported targets, in the order of an image index.
func Targets() []Target { return targets.All() }

// Network is what programs in a sandbox can reach.
type Network string

// The networks.
const (
	HostNetwork = Network(sandbox.Host) // the host's network
	NoNetwork   = Network(sandbox.None) // loopback only
)

// Environment is an execution environment (Platform API, "Execution Environments").
type Environment string

// The execution environments.
const (
	Production  = Environment(execenv.Production)
	Test        = Environment(execenv.Test)
	Development = Environment(execenv.Development)
)

// Limits are the limits of programs in a sandbox. 0 means this process's own limit,
// which no other can exceed.
type Limits struct {
	Processes int64 // processes and threads at once
	OpenFiles int64 // for each process
	FileSize  int64 // size of a written file, in bytes
}

// DefaultLimits returns the limits of builds, far above what builds need.
func DefaultLimits() Limits { return Limits(sandbox.DefaultLimits()) }

// Way is a kind of sandbox.
type Way string

// The kinds of sandboxes.
const (
	MountNamespace = Way(sandbox.Mounts) // for root
	UserNamespace  = Way(sandbox.Users)  // for any user
	Chroot         = Way(sandbox.Chroot) // for root in a container that may not make namespaces
)

// Registries configures access to registries. The zero value uses docker login's
// credentials, and https except for registries on this machine or in a private
// network.
type Registries struct {
	// Insecure are registries, HOST or HOST:PORT as in references, that may use
	// http or an untrusted certificate.
	Insecure []string

	// Keychain replaces docker login's credentials.
	Keychain authn.Keychain
}

// all returns the registries for references that the caller chose.
func (r Registries) all() images.Registries {
	return images.Registries{Insecure: r.Insecure, Keychain: r.Keychain}
}

// IsRegistry reports whether a text is a registry as in references, HOST or
// HOST:PORT.
func IsRegistry(text string) bool { return images.IsRegistry(text) }

// environment returns getenv, or an empty environment for nil.
func environment(getenv func(string) string) func(string) string {
	if getenv == nil {
		return func(string) string { return "" }
	}
	return getenv
}
