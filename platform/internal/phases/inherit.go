//go:build linux

package phases

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Builds of one folder share a cache, whatever the image's name: a build of the
// same image takes over everything, a build of another image only what no script
// could have written. Scripts of the app and of its dependencies can write to
// every layer and to the cache during a build, and one bad release in the builds
// of a branch must not get into the image of another.

// left describes a build's folder. It is written before the build changes the
// folder.
type left struct {
	Name    string `json:"name"`    // the image's name
	Scripts bool   `json:"scripts"` // scripts may have run in a build whose results it holds
}

// leftFile is its file in the build's folder.
const leftFile = "left.json"

// readLeft reads that file. An unreadable one counts as written by another
// image's scripts.
func readLeft(kept string) left {
	var l left
	text, err := os.ReadFile(filepath.Join(kept, leftFile))
	if err != nil || json.Unmarshal(text, &l) != nil {
		return left{Scripts: true}
	}
	return l
}

// note records what the build's folder will hold from now on.
func (b *Build) note(l left) error {
	b.left = l
	return wholefile.WriteBytes(filepath.Join(b.kept.Dir, leftFile), asJSON(l))
}

// inherit decides what the build takes over from the previous one, and makes the
// cache folder.
func (b *Build) inherit(context.Context) error {
	if b.Rebase != nil {
		return os.MkdirAll(b.cacheFolder(), 0o755)
	}
	m, err := b.preview()
	now := left{Name: b.Name, Scripts: err != nil || m.RunsScripts(b.Env) || !b.Buildpacks.Empty()}
	checked := err == nil && m.Checked()
	before := readLeft(b.kept.Dir)
	_, cached := os.Lstat(b.cacheFolder())
	switch {
	case cached != nil:
		if err := b.beginWithCache(&now, checked); err != nil {
			return err
		}
	case before.Name == b.Name:
		now.Scripts = now.Scripts || before.Scripts
	case before.Scripts || !b.onlyOwnBuildpacks():
		if err := b.takeDownloads(checked); err != nil {
			return err
		}
	}
	return b.note(now)
}

// inheritFrom records that the build takes over another build's results.
func (b *Build) inheritFrom(other left) error {
	if b.left.Scripts || !other.Scripts {
		return nil
	}
	return b.note(left{Name: b.left.Name, Scripts: true})
}

// beginWithCache makes the cache folder of a first build. The first build for a
// target copies the cache of another target or execution environment: npm's downloads are the same for all, and
// buildpacks recognize other layers by the target in their metadata.
func (b *Build) beginWithCache(now *left, checked bool) error {
	if err := b.forgetImage(); err != nil {
		return err
	}
	cache := b.cacheFolder()
	if b.ClearCache {
		return os.MkdirAll(cache, 0o755)
	}
	for _, other := range b.siblings() {
		copied, err := b.Home.CopyKept(b.keyIn(other.execEnv, other.target), "cache", cache, func(kept, from, to string) error {
			theirs := readLeft(kept)
			if theirs.Name != b.Name && theirs.Scripts {
				return keepDownloads(from, to, checked)
			}
			now.Scripts = now.Scripts || theirs.Scripts
			return os.CopyFS(to, os.DirFS(from))
		})
		if copied || err != nil {
			return err
		}
	}
	return os.MkdirAll(cache, 0o755)
}

// takeDownloads removes everything but npm's downloads from the cache of another
// image's build.
func (b *Build) takeDownloads(checked bool) error {
	if err := b.forgetImage(); err != nil {
		return err
	}
	theirs, ours := b.work.Path("their-cache"), b.work.Path("cache")
	if err := os.Rename(b.cacheFolder(), theirs); err != nil {
		return err
	}
	if err := os.Mkdir(ours, 0o755); err != nil {
		return err
	}
	if err := keepDownloads(theirs, ours, checked); err != nil {
		return err
	}
	return os.Rename(ours, b.cacheFolder())
}

// forgetImage removes the previous image.
func (b *Build) forgetImage() error {
	err := os.Remove(b.manifestPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ownBuildpacks is the prefix of the ids of buildpacks that are known to run
// nothing of the app but its scripts.
const ownBuildpacks = "armature/"

// onlyOwnBuildpacks reports whether only these buildpacks made the previous
// image.
func (b *Build) onlyOwnBuildpacks() bool {
	text, err := os.ReadFile(b.manifestPath())
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	var image v1.Image
	if err == nil {
		image, err = b.blobs.Image(text)
	}
	if err != nil {
		return false
	}
	metadata, err := readLayersMetadata(image)
	if err != nil {
		return false
	}
	for _, one := range metadata.Buildpacks {
		if !strings.HasPrefix(one.Key, ownBuildpacks) {
			return false
		}
	}
	return true
}
