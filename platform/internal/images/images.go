//go:build linux

// Package images finds images by what people call them: a folder with an OCI
// layout, or a reference to a registry.
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
// registry. An image of another platform is an error, never the next best.
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

// fetch returns an image of a registry, of one for several platforms that for
// the given one.
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

// offers says whether an index has an image for a platform.
func offers(found *remote.Descriptor, called string, platform targets.Target) error {
	manifest, err := v1.ParseIndexManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return err
	}
	var offered []string
	for _, one := range manifest.Manifests {
		got := targets.LinuxAMD64.String() // as the library takes what is not named
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

// IsOtherPlatform says whether an error of Find means that the image is there,
// for other platforms.
func IsOtherPlatform(err error) bool { return errors.Is(err, &failure.Failure{ID: idOtherPlatform}) }

// Package returns a buildpackage from a registry: of one for several platforms
// that for the given one, and otherwise the only one, whatever it says.
func (r Registries) Package(ctx context.Context, reference string, platform targets.Target) (v1.Image, error) {
	ref, err := r.reference(reference)
	if err != nil {
		return nil, Misnamed(reference, &failure.Failure{ID: "image-reference", Cause: fmt.Sprintf("%q is no image reference", reference), Err: err, Remedy: "name the buildpackage as docker://registry/name:tag."})
	}
	return r.fetch(ctx, ref, reference, platform)
}

// Check says whether an image is for a platform.
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

// IsLayout says whether a path is a folder with an OCI layout.
func IsLayout(path string) bool {
	_, err := os.Stat(filepath.Join(path, "index.json"))
	return err == nil
}

// IsFolder says whether a path is a folder.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Canonical is how the lifecycle writes down an image of a repository: the
// registry in full, and the digest.
func Canonical(reference string, digest v1.Hash) (string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	return ref.Context().Name() + "@" + digest.String(), nil
}

// Failed makes an error of a registry one that says what to do, and no
// credential.
func Failed(doing string, err error) error {
	var failed *failure.Failure
	if errors.Is(err, context.Canceled) || errors.As(err, &failed) {
		return err
	}
	if err = redacted(err); diskfull.Is(err) { // the system's errors look like those of a network
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

// ReadFailed is the error of reading an image that Find found, or of unpacking it:
// in a registry, where the blobs are fetched only then, as Failed makes it.
// What neither the registry nor this machine is the reason for, the image is.
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

// ofNames are errors that the names of an image's files can cause.
var ofNames = []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL}

// ofMachine says whether the system gave an error that no image can cause.
func ofMachine(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) && !slices.ContainsFunc(ofNames, func(name error) bool { return errors.Is(err, name) })
}

// ofConnection says whether an error is one of a connection, which may have
// broken off. Those of files have the same methods.
func ofConnection(err error) bool {
	var ofPath *fs.PathError
	var ofLink *os.LinkError
	var ofNetwork net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &ofNetwork) && !errors.As(err, &ofPath) && !errors.As(err, &ofLink)
}

// Builder finds the builder for a target on a host: an OCI layout, a folder of
// those that `make builder` makes, or a reference, which without a tag gets
// the target's architecture for one. It returns what it found it by.
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

// RunImageBeside is the folder of a target's run image that `make` left near
// a builder's layout: stack/run-<arch> in one of the folders above it. It is ""
// where there is none.
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
