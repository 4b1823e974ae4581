//go:build linux

package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/armature-cnb/armature/internal/failure"
)

// CacheTag parses a cache image's name.
func CacheTag(reference string) (name.Tag, error) {
	tag, err := ParseTag(reference)
	if err != nil {
		return tag, Misnamed(reference, &failure.Failure{ID: "image-name", Cause: fmt.Sprintf("%q cannot be a cache image's name", reference), Err: err, Remedy: "name one in a registry: --cache-image registry/team/my-app-cache."})
	}
	return tag, nil
}

// MayPush checks push permission for an image's name, with docker login's
// credentials; an error is a [*failure.Failure].
func (r Registries) MayPush(ctx context.Context, reference string) error {
	tag, err := r.tag(reference)
	if err != nil {
		return err
	}
	keys := r.keys(ctx, tag.Context().Registry)
	if keys.failed != nil {
		return keys.failure()
	}
	asking := transport.NewRetry(during{ctx, r.transport(keys.registry)})
	return keys.explain("asking whether "+tag.Name()+" may be written", remote.CheckPushPermission(tag, keys, asking))
}

// Cache returns a cache image, or nil if it does not exist yet.
func (r Registries) Cache(ctx context.Context, reference string) (v1.Image, error) {
	tag, err := r.tag(reference)
	if err != nil {
		return nil, err
	}
	keys := r.keys(ctx, tag.Context().Registry)
	image, err := remote.Image(tag, r.options(ctx, keys)...)
	if IsNotFound(err) {
		return nil, nil
	}
	return image, keys.explain("fetching "+reference, err)
}

// Push pushes an image or an image index under a name.
func (r Registries) Push(ctx context.Context, reference string, what remote.Taggable) error {
	tag, err := r.tag(reference)
	if err != nil {
		return err
	}
	keys := r.keys(ctx, tag.Context().Registry)
	if keys.failed != nil {
		return keys.failure()
	}
	switch what := what.(type) {
	case v1.Image:
		err = remote.Write(tag, what, r.options(ctx, keys)...)
	case v1.ImageIndex:
		err = remote.WriteIndex(tag, what, r.options(ctx, keys)...)
	default:
		err = fmt.Errorf("%T is neither an image nor an index", what)
	}
	return keys.explain("pushing "+reference, err)
}

// IsNotFound reports whether a registry answered that it has no such image.
func IsNotFound(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
