//go:build linux

package build

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/lockfile"
	"github.com/armature-cnb/armature/internal/packagejson"
	"github.com/armature-cnb/armature/internal/project"
)

// RunAll runs the builds of one app for several targets, and returns their
// images in the order of the builds. They run at once, but for one that has no
// build before it and can begin with what the first has made for any target.
// When one fails, the others are ended.
func RunAll(ctx context.Context, builds []*Build) ([]v1.Image, error) {
	made := make([]v1.Image, len(builds))
	first := make(chan struct{}) // closed when the first has made its image
	group, ctx := errgroup.WithContext(ctx)
	for i, b := range builds {
		group.Go(func() error {
			if i > 0 && b.follows(builds[0]) {
				select {
				case <-first:
				case <-ctx.Done():
					return ctx.Err()
				}
				if err := b.Log.Step("beginning with the layers for any target", func() error { return b.beginWith(builds[0], made[0]) }); err != nil {
					return err
				}
			}
			result, err := b.Run(ctx)
			if err != nil {
				return err
			}
			made[i] = result.Image
			if i == 0 {
				close(first)
			}
			return nil
		})
	}
	return made, group.Wait()
}

// follows says whether a build waits for another one's image. It is worth it
// where that is going to have the modules of both: that the lockfile says so is
// no promise, and a wrong guess costs time only. What build scripts make, each
// build makes by itself, and of other buildpacks nothing is known.
func (b *Build) follows(other *Build) bool {
	if b.Rebase != nil || b.emulated() || other.emulated() || !b.Buildpacks.Empty() {
		return false
	}
	if _, err := os.Lstat(b.manifestPath()); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	getenv := func(name string) string { return b.Env[name] }
	found, err := project.Find(b.Source(), getenv)
	if err != nil {
		return false
	}
	pkg, err := packagejson.Read(found.Dir)
	if err != nil || slices.Contains(pkg.ScriptNames(), "build") || getenv("BP_NODE_RUN_SCRIPTS") != "" {
		return false
	}
	lock, ok, err := lockfile.Read(found.Root)
	return err == nil && ok && lock.ForAnyTarget()
}

// beginWith gives a build what another target's has made for any: the layers
// whose metadata says so, and the cache.
func (b *Build) beginWith(other *Build, made v1.Image) error {
	metadata, layers, err := layersOf(made, func(_ string, layer json.RawMessage) bool { return isForAnyTarget(layer) })
	if err != nil || len(layers) == 0 {
		return err
	}
	if b.seed != nil {
		seedMetadata, seedLayers, err := layersOf(b.seed, func(string, json.RawMessage) bool { return true })
		if err != nil {
			return err
		}
		metadata.Buildpacks, layers = append(seedMetadata.Buildpacks, metadata.Buildpacks...), append(seedLayers, layers...)
	}
	seed, err := imageOf(b.Target, metadata, layers)
	if err != nil {
		return err
	}
	manifest, err := b.blobs.Store(seed, other.blobs)
	if err != nil {
		return err
	}
	if b.seed, err = b.blobs.Image(manifest); err != nil {
		return err
	}
	return b.takeCache(other)
}

// isForAnyTarget reads that of a layer's metadata (npm-install's any-target).
func isForAnyTarget(layer json.RawMessage) bool {
	var said struct {
		Data struct {
			AnyTarget bool `json:"any-target"`
		} `json:"data"`
	}
	return json.Unmarshal(layer, &said) == nil && said.Data.AnyTarget
}

// takeCache copies another build's cache, which has npm's downloads, in place of
// one that is empty. Something in it that cannot be copied costs the next build
// time, and no more.
func (b *Build) takeCache(other *Build) error {
	cache := filepath.Join(b.kept.Dir, "cache")
	if entries, err := os.ReadDir(cache); err != nil || len(entries) > 0 || b.CacheImage != "" {
		return err
	}
	copied := b.work.Path("cache")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(other.kept.Dir, "cache"))); err != nil {
		return nil
	}
	if !b.Way.OneID() {
		if err := chown(b.builder.user, b.builder.group, copied); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(cache), os.Rename(copied, cache))
}
