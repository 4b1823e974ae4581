//go:build linux

package phases

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// TakeCacheOf lets a first build begin with the cache of another project's build for
// the same target, which has ended. Both are of one call and one folder, and so of one
// caller's trust: unlike [Build.inherit], it also takes what scripts may have written.
func (b *Build) TakeCacheOf(other *Build) error {
	if fresh, err := b.hasNoCache(); err != nil || !fresh {
		return err
	}
	if err := b.inheritFrom(other.left); err != nil {
		return err
	}
	return b.takeCache(other)
}

// hasNoCache reports whether the build's cache folder is empty.
func (b *Build) hasNoCache() (bool, error) {
	if b.CacheImage != "" {
		return false, nil
	}
	entries, err := os.ReadDir(b.cacheFolder())
	return len(entries) == 0, err
}

// takeCache copies another build's cache, which has the downloads, for the next
// build. If that fails, that build only takes longer.
func (b *Build) takeCache(from *Build) error {
	copied := b.work.Path("cache")
	if err := os.CopyFS(copied, os.DirFS(from.cacheFolder())); err != nil {
		return nil
	}
	if !b.Way.OneID() {
		if err := chown(b.builder.user, b.builder.group, copied); err != nil {
			return err
		}
	}
	return errors.Join(home.RemoveAll(b.cacheFolder()), os.Rename(copied, b.cacheFolder()))
}

// cacheFolder is the lifecycle's cache folder.
func (b *Build) cacheFolder() string {
	if b.kept == nil { // a plan, which keeps nothing
		return b.work.Path("cache")
	}
	return filepath.Join(b.kept.Dir, "cache")
}
