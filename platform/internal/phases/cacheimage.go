//go:build linux

package phases

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// A cache image passes through the build's own registry: the lifecycle reads
// and writes it there, and this process fetches it before and pushes it
// afterwards. So no password of a real registry is where scripts of the app
// could read it, and a build without a network can have the cache, too.

// offerCache puts the cache image of earlier builds, if there is one, where the
// lifecycle looks for it.
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

// madeCache is the cache image that the lifecycle made, or nil. It can be read
// while its blobs are kept.
func (b *Build) madeCache(ctx context.Context, registry *loopback.Registry) (v1.Image, error) {
	if b.CacheImage == "" {
		return nil, nil
	}
	image, err := registry.Get(ctx, loopback.CacheRepository)
	if err != nil {
		if images.IsNotFound(err) { // nothing in this app is worth it
			return nil, nil
		}
		return nil, fmt.Errorf("reading the cache image that the lifecycle made: %w", err)
	}
	return b.fromBlobs(image)
}

// pushCache leaves the cache image for later builds. Should that fail, the
// image is good nevertheless: it is said, and no more.
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
