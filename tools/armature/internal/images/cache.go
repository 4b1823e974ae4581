//go:build linux

package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/armature-cnb/armature/internal/failure"
)

// CacheTag reads what a cache image is called.
func CacheTag(reference string) (name.Tag, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return tag, Misnamed(reference, &failure.Failure{ID: "image-name", Cause: fmt.Sprintf("%q cannot be a cache image's name", reference), Err: err, Remedy: "name one in a registry: --cache-image registry/team/my-app-cache."})
	}
	return tag, nil
}

// MayPush says whether the credentials that docker login left are good for
// writing a cache image; an error is a [*failure.Failure].
func MayPush(reference string) error {
	tag, err := CacheTag(reference)
	if err != nil {
		return err
	}
	if err := remote.CheckPushPermission(tag, authn.DefaultKeychain, http.DefaultTransport); err != nil {
		return Failed("asking whether "+reference+" may be written", err)
	}
	return nil
}

// Cache returns a cache image, or nil where there is none yet.
func Cache(ctx context.Context, reference string) (v1.Image, error) {
	tag, err := CacheTag(reference)
	if err != nil {
		return nil, err
	}
	image, err := remote.Image(tag, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, Failed("fetching "+reference, err)
	}
	return image, nil
}

// PushCache writes a cache image.
func PushCache(ctx context.Context, reference string, image v1.Image) error {
	tag, err := CacheTag(reference)
	if err != nil {
		return err
	}
	if err := remote.Write(tag, image, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return Failed("pushing "+reference, err)
	}
	return nil
}

// IsNotFound says whether a registry has answered that it has no such image.
func IsNotFound(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
