//go:build linux

package build

import (
	"context"
	"os"
	"strconv"

	"github.com/armature-cnb/armature/internal/target"
)

// key names what the builds of an image for a target keep. What a cross build
// has made, an emulated one does not take over: it is there for what cannot be
// crossed. Layers that are compressed in one way stay out of images that are to
// have the other, or what an image is called would depend on what was before.
func (b *Build) key(to target.Target) string {
	key := b.Name + " " + to.String() + " " + b.owner()
	if b.emulated() {
		key += " on " + b.Host.String()
	}
	if b.Small {
		key += " small"
	}
	return key
}

// emulated says whether the build's programs are not this machine's.
func (b *Build) emulated() bool {
	machine, err := target.Host()
	return err != nil || machine != b.Host
}

// beginWithCache makes the cache folder. The first build for a target begins
// with the cache of another target's: npm's downloads are the same for all, and
// what is not, buildpacks tell by the target in their layers' metadata.
func (b *Build) beginWithCache() error {
	cache := b.cacheFolder()
	if _, err := os.Lstat(cache); err == nil || b.ClearCache {
		return os.MkdirAll(cache, 0o755)
	}
	for _, other := range target.All() {
		if other == b.Target {
			continue
		}
		if copied, err := b.Home.CopyKept(b.key(other), "cache", cache); copied || err != nil {
			return err
		}
	}
	return os.MkdirAll(cache, 0o755)
}

// owner keeps the caches of root and of other users apart where one folder is
// given to both.
func (b *Build) owner() string {
	if b.Way.OneID() {
		return "user " + strconv.Itoa(os.Geteuid())
	}
	return "root"
}

// writeBuildpacks puts the buildpacks that were wished for beside the builder's.
func (b *Build) writeBuildpacks(ctx context.Context) error {
	if b.Buildpacks.Empty() {
		return nil
	}
	return b.Log.Step("fetching buildpacks", func() error {
		plan, err := b.Buildpacks.Resolve(ctx, b.root, b.work.Dir, b.Host, b.Registries)
		if err != nil {
			return err
		}
		dir, err := b.work.Folder("buildpacks", 0o755)
		if err != nil {
			return err
		}
		return plan.Write(dir, b.work.Path("etc/order.toml"), b.builder.user, b.builder.group)
	})
}
