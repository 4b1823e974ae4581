//go:build linux

package phases

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// A cache image passes through the build's own registry: the lifecycle reads and
// writes it there, and this process fetches it before and pushes it afterwards.
// So scripts of the app cannot read a real registry's password, and a build
// without a network can have the cache, too.

// offerCache puts the cache image of earlier builds, if any, into the build's
// registry.
func (b *Build) offerCache(ctx context.Context, registry *loopback.Registry) error {
	if b.CacheImage == "" || b.ClearCache {
		return nil
	}
	return b.Log.Step("fetching the cache image", func() error {
		image, err := b.Registries.Cache(ctx, b.CacheImage)
		if err != nil || image == nil {
			return err
		}
		if err := registry.Put(ctx, loopback.CacheRepository, image); err != nil {
			return images.Failed("fetching "+b.CacheImage, err)
		}
		return nil
	})
}

// madeCache returns the cache image that the lifecycle made, or nil. It is
// readable while its blobs are kept.
func (b *Build) madeCache(ctx context.Context, registry *loopback.Registry) (v1.Image, error) {
	if b.CacheImage == "" {
		return nil, nil
	}
	image, err := registry.Get(ctx, loopback.CacheRepository)
	if err != nil {
		if images.IsNotFound(err) { // nothing to cache
			return nil, nil
		}
		return nil, fmt.Errorf("reading the cache image that the lifecycle made: %w", err)
	}
	return b.fromBlobs(image)
}

// pushCache pushes the cache image for later builds. A failure does not spoil the
// image: it is only a note.
func (b *Build) pushCache(ctx context.Context, image v1.Image) error {
	if image == nil {
		return nil
	}
	return b.Log.Step("pushing the cache image", func() error {
		err := b.Registries.Push(ctx, b.CacheImage, image)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		b.Log.Note("WARNING: the cache image was not written, and the next build will begin with the one before: " + err.Error())
		return nil
	})
}
