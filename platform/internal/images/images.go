//go:build linux

// Package images finds images by name: the folder of an OCI layout, or a
// registry's reference.
package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/oci"
)

// Find returns the image for a platform from a layout's folder or from a
// registry. An image of another platform is an error.
func (r Registries) Find(ctx context.Context, reference string, platform targets.Target) (v1.Image, error) {
	if r.isLayout(reference) {
		image, err := oci.Image(reference, platform)
		var others *oci.OtherPlatforms
		switch {
		case errors.As(err, &others):
			return nil, otherPlatform(err.Error(), platform)
		case err != nil:
			return nil, &failure.Failure{ID: "image-unreadable", Cause: "reading the OCI layout " + reference, Err: err, Remedy: "make the image again, or see that its files can be read."}
		}
		return image, nil
	}
	ref, err := r.reference(reference)
	if err != nil {
		return nil, Misnamed(reference, &failure.Failure{ID: "image-reference", Cause: fmt.Sprintf("%q is neither a folder with an OCI layout nor an image reference", reference), Err: err, Remedy: "name the folder, or the image as registry/name:tag."})
	}
	image, err := r.fetch(ctx, ref, reference, platform)
	if err != nil {
		return nil, err
	}
	return image, Check(image, reference, platform)
}

// fetch returns a registry's image; from an index, the one for the given
// platform.
func (r Registries) fetch(ctx context.Context, ref name.Reference, called string, platform targets.Target) (v1.Image, error) {
	if err := r.allowed(called); err != nil {
		return nil, err
	}
	keys := r.keys(ctx, ref.Context().Registry)
	found, err := remote.Get(ref, append(r.options(ctx, keys), remote.WithPlatform(v1.Platform{OS: platform.OS, Architecture: platform.Arch}))...)
	if err == nil && found.MediaType.IsIndex() {
		err = offers(found, called, platform)
	}
	var image v1.Image
	if err == nil {
		image, err = found.Image()
	}
	return image, keys.explain("fetching "+called, err)
}

// offers returns an error unless an index has an image for a platform.
func offers(found *remote.Descriptor, called string, platform targets.Target) error {
	manifest, err := v1.ParseIndexManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return err
	}
	var offered []string
	for _, one := range manifest.Manifests {
		got := targets.LinuxAMD64.String() // the library's default
		if one.Platform != nil {
			got = one.Platform.OS + "/" + one.Platform.Architecture
		}
		if got == platform.String() {
			return nil
		}
		offered = append(offered, got)
	}
	return otherPlatform(fmt.Sprintf("%s is for %s, want %s", called, strings.Join(offered, ", "), platform), platform)
}

func otherPlatform(cause string, want targets.Target) error {
	return &failure.Failure{ID: idOtherPlatform, Cause: cause, Remedy: "name an image for " + want.String() + "."}
}

const idOtherPlatform = "image-platform"

// IsOtherPlatform reports whether an error of Find means that the image exists
// for other platforms only.
func IsOtherPlatform(err error) bool { return errors.Is(err, &failure.Failure{ID: idOtherPlatform}) }

// Package returns a buildpackage from a registry: from an index the one for the
// given platform, otherwise the only one, whatever its platform.
func (r Registries) Package(ctx context.Context, reference string, platform targets.Target) (v1.Image, error) {
	ref, err := r.reference(reference)
	if err != nil {
		return nil, Misnamed(reference, &failure.Failure{ID: "image-reference", Cause: fmt.Sprintf("%q is no image reference", reference), Err: err, Remedy: "name the buildpackage as docker://registry/name:tag."})
	}
	return r.fetch(ctx, ref, reference, platform)
}

// Check returns an error unless an image is for a platform.
func Check(image v1.Image, called string, platform targets.Target) error {
	config, err := image.ConfigFile()
	if err != nil {
		return Failed("fetching "+called, err)
	}
	if got := config.OS + "/" + config.Architecture; got != platform.String() {
		return otherPlatform(fmt.Sprintf("%s is for %s, want %s", called, got, platform), platform)
	}
	return nil
}

// IsLayout reports whether a path is the folder of an OCI layout.
func IsLayout(path string) bool {
	_, err := os.Stat(filepath.Join(path, "index.json"))
	return err == nil
}

// IsFolder reports whether a path is a folder.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Canonical returns the lifecycle's form of an image's reference: with the
// registry's full name, and the digest.
func Canonical(reference string, digest v1.Hash) (string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	return ref.Context().Name() + "@" + digest.String(), nil
}

// Failed turns a registry's error into one with a remedy and without credentials.
func Failed(doing string, err error) error {
	var failed *failure.Failure
	if errors.Is(err, context.Canceled) || errors.As(err, &failed) {
		return err
	}
	if err = redacted(err); diskfull.Is(err) { // system errors look like network errors
		return fmt.Errorf("%s: %w", doing, err)
	}
	if f := ofTLS(doing, err); f != nil {
		return f
	}
	var answer *transport.Error
	if !errors.As(err, &answer) {
		if ofConnection(err) {
			return &failure.Failure{ID: "registry-unreachable", Cause: doing, Err: err, Transient: true, Remedy: "see that the registry can be reached from here, then try again."}
		}
		return fmt.Errorf("%s: %w", doing, err)
	}
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return &failure.Failure{ID: "registry-refused", Cause: doing, Err: err, Remedy: "log in to the registry with docker login, or name an image that you may use."}
	case code == http.StatusNotFound:
		return &failure.Failure{ID: "image-not-found", Cause: doing, Err: err, Remedy: "see that the image exists, and that it is spelt right."}
	case answer.Temporary() || code == http.StatusTooManyRequests || code >= 500:
		return &failure.Failure{ID: "registry-unavailable", Cause: doing, Err: err, Transient: true, Remedy: "try again later."}
	}
	return &failure.Failure{ID: "registry-refused", Cause: doing, Err: err, Remedy: "mend what the registry says."}
}

// ReadFailed returns the error of reading or unpacking an image that Find found;
// for a registry's image, whose blobs are fetched only then, that of Failed. If
// neither the registry nor this machine is the reason, the image is.
func ReadFailed(doing, reference string, err error) error {
	failed := fmt.Errorf("%s: %w", doing, err)
	if !IsLayout(reference) {
		failed = Failed(doing, err)
	}
	var known *failure.Failure
	if errors.As(failed, &known) || errors.Is(err, context.Canceled) || ofMachine(err) {
		return failed
	}
	return &failure.Failure{ID: "image-unreadable", Cause: doing, Err: redacted(err), Remedy: "make the image again; what it holds is not what its manifest and configuration say, or cannot be unpacked."}
}

// ofNames are errors that file names in an image can cause.
var ofNames = []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL}

// ofMachine reports whether an error is the system's, and cannot be caused by an
// image.
func ofMachine(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) && !slices.ContainsFunc(ofNames, func(name error) bool { return errors.Is(err, name) })
}

// ofConnection reports whether an error is a connection's, which may have been
// interrupted. File errors have the same methods.
func ofConnection(err error) bool {
	var ofPath *fs.PathError
	var ofLink *os.LinkError
	var ofNetwork net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &ofNetwork) && !errors.As(err, &ofPath) && !errors.As(err, &ofLink)
}

// Builder finds the builder for a target on a host: an OCI layout, a folder of
// layouts as `make builder` makes it, or a reference, whose default tag is the
// target's architecture. It also returns the layout's path or the reference.
func (r Registries) Builder(ctx context.Context, reference string, host, to targets.Target) (v1.Image, string, error) {
	found := reference
	switch {
	case r.isLayout(reference):
	case r.ChosenBy == "" && IsFolder(reference):
		found = ""
		for _, sub := range []string{to.Dashed() + "-on-" + host.Dashed(), to.Dashed()} {
			if path := filepath.Join(reference, sub); found == "" && IsLayout(path) {
				found = path
			}
		}
		if found == "" {
			return nil, "", &failure.Failure{
				ID: "no-builder", Cause: fmt.Sprintf("%s has no builder for %s on %s", reference, to, host),
				Remedy: "make one: make builder PLATFORM=" + to.String() + ".",
			}
		}
	case r.ChosenBy == "" && isNoPath(reference) != nil:
		return nil, "", &failure.Failure{ID: "no-builder", Cause: "there is no folder " + reference + ", which is to hold the builder", Remedy: "make one: make builder PLATFORM=" + to.String() + "; or name the folder of one that is there."}
	default:
		if last := reference[strings.LastIndexByte(reference, '/')+1:]; !strings.ContainsAny(last, ":@") {
			found += ":" + to.Arch
		}
	}
	image, err := r.Find(ctx, found, host)
	return image, found, err
}

// RunImageBeside returns the folder of a target's run image that `make` left near
// a builder's layout: stack/run-<arch> in a parent folder, or "".
func RunImageBeside(builder string, to targets.Target) string {
	if !IsLayout(builder) {
		return ""
	}
	dir, err := filepath.Abs(builder)
	if err != nil {
		return ""
	}
	for range 3 {
		dir = filepath.Dir(dir)
		if found := filepath.Join(dir, "stack", "run-"+to.Arch); IsLayout(found) {
			return found
		}
	}
	return ""
}
