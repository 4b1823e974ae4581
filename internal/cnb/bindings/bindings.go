// Package bindings finds the service bindings of a build.
package bindings

import (
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
)

// InvalidID is the id of the [failure.Failure] for bindings that cannot be
// read.
const InvalidID = "service-binding-invalid"

// Resolver finds bindings; packit's resolver is one.
type Resolver interface {
	Resolve(bindingType, provider, platformDir string) ([]servicebindings.Binding, error)
}

// Find returns all bindings of the types from the first of these that exists:
// SERVICE_BINDING_ROOT, CNB_BINDINGS, VCAP_SERVICES, and the platform folder's
// bindings. A binding without a type, or a VCAP_SERVICES that is not JSON, is a
// [failure.Failure] with [InvalidID].
func Find(resolver Resolver, platformDir string, types ...string) ([]servicebindings.Binding, error) {
	var all []servicebindings.Binding
	for _, one := range types {
		found, err := resolver.Resolve(one, "", platformDir)
		if err != nil {
			return nil, &failure.Failure{
				ID:    InvalidID,
				Cause: "the service bindings of the build cannot be read",
				Remedy: "let every folder in it be a binding: with a file type that says what it is, and a file for each entry. " +
					"SERVICE_BINDING_ROOT, CNB_BINDINGS and VCAP_SERVICES say where bindings are in place of the platform's folder.",
				Err: err,
			}
		}
		all = append(all, found...)
	}
	return all, nil
}
