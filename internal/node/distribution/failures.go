package distribution

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/failure"
)

// asFailure gives a download's errors an id and a remedy, and returns any other
// unchanged.
func asFailure(err error) error {
	var mismatch *checksum.MismatchError
	var status *fetch.StatusError
	var unreachable *fetch.UnreachableError
	var lacking *lackingError
	switch {
	case errors.As(err, &mismatch):
		return &failure.Failure{
			ID:     IDChecksumMismatch,
			Cause:  fmt.Sprintf("%s is not the file it should be: got %s, want %s", mismatch.Name, mismatch.Got, mismatch.Want),
			Remedy: "find out what stands between here and there (a proxy, a mirror, a mapping) and changes the file; it is not used.",
		}
	case errors.As(err, &unreachable): // before status, which it may wrap
		return &failure.Failure{
			ID:     IDDownloadFailed,
			Cause:  "Node.js cannot be downloaded at the moment",
			Remedy: "build again later; " + reachable,
			Err:    err,

			Transient: passes(err),
		}
	case errors.As(err, &status):
		return &failure.Failure{
			ID:     IDDownloadRefused,
			Cause:  "Node.js cannot be downloaded",
			Remedy: refused(status.Status),
			Err:    err,
		}
	case errors.As(err, &lacking):
		return &failure.Failure{
			ID:     IDDownloadRefused,
			Cause:  "Node.js cannot be downloaded",
			Remedy: fmt.Sprintf("set %s to auto, or choose another version.", Variable),
			Err:    err,
		}
	}
	return err
}

// reachable is the remedy for unreachable servers.
const reachable = "if it stays so, let the build reach the server (HTTPS_PROXY, a ca-certificates binding), " +
	"name a mirror in BP_DEPENDENCY_MIRROR, or name an npm registry in NPM_CONFIG_REGISTRY."

func refused(status int) string {
	if status == 401 || status == 403 {
		return "give the registry's credentials in .npmrc or an npmrc binding, or those of the mirror in its address."
	}
	return "see that the mirror, the mapping or the registry in use has this version, or choose another version."
}

// bothFailed is for nodejs.org first, and the npm registry second.
func bothFailed(first, second error) error {
	var lacking *lackingError
	switch {
	case errors.Is(second, &failure.Failure{ID: IDRegistryUnknown}):
		return registryUnknown(first)
	case !elsewhere(second):
		return asFailure(second)
	case errors.As(second, &lacking):
		return &failure.Failure{
			ID:    IDDownloadFailed,
			Cause: "Node.js cannot be downloaded at the moment",
			Remedy: fmt.Sprintf("build again later, or set %s to npm: a range then chooses among the versions that the npm registry has; %s",
				Variable, reachable),
			Err:       errors.Join(first, second),
			Transient: passes(first),
		}
	}
	return &failure.Failure{
		ID:     IDDownloadFailed,
		Cause:  "Node.js cannot be downloaded at the moment, neither from nodejs.org nor from the npm registry",
		Remedy: "build again later; " + reachable,
		Err:    errors.Join(first, second),

		Transient: passes(first) || passes(second),
	}
}

// passes reports whether the same request may work later. An untrusted
// certificate stays untrusted.
func passes(err error) bool {
	var unreachable *fetch.UnreachableError
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &unreachable) && !errors.As(err, &untrusted)
}

func registryUnknown(cause error) error {
	return &failure.Failure{
		ID:    IDRegistryUnknown,
		Cause: "Node.js is to come from the npm registry, but npm's configuration names none",
		Remedy: "name one in NPM_CONFIG_REGISTRY, or as registry=… in the project's .npmrc, in an npmrc binding, " +
			"in the file that NPM_CONFIG_USERCONFIG or NPM_CONFIG_GLOBALCONFIG points to, or in BP_NPM_REGISTRY.",
		Err:       cause,
		Transient: passes(cause), // if nodejs.org is the unreachable one
	}
}
