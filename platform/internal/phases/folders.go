//go:build linux

package phases

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/hostfiles"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// unpack gets the builder's root file system, and unpacks the builder if that is
// new.
func (b *Build) unpack(ctx context.Context) error {
	name := b.builder.digest.Hex
	if !b.Way.OneID() {
		name += "-owned" // files keep the image's owners instead of one user
	}
	options := rootfs.Options{
		Owners:  !b.Way.OneID(),
		Folders: []string{"/proc", "/sys", "/dev", "/tmp", "/var/tmp", appDir, layersDir, platformDir, cacheDir},
		Files:   append(hostfiles.Paths(), runFile),
	}
	var err, unfit error
	b.root, b.rootUse, err = b.Home.Root(ctx, name, func(dir string) error {
		err := b.Log.Step("unpacking the builder, once for all builds", func() error {
			return rootfs.Unpack(ctx, dir, b.builder.image, options)
		})
		if err == nil { // keep no unusable builder
			unfit = b.builder.readRoot(dir, b.Target)
			err = unfit
		}
		return err
	})
	if unfit != nil {
		return unfit
	}
	if err != nil {
		return images.ReadFailed("unpacking the builder "+b.builder.found, b.builder.found, err)
	}
	return b.builder.readRoot(b.root, b.Target)
}

// open opens the folders of this build.
func (b *Build) open(ctx context.Context) (err error) {
	if err := b.openKept(ctx); err != nil {
		return err
	}
	if b.ClearCache {
		if err := b.kept.Clear(); err != nil {
			return err
		}
	}
	if b.blobs, err = loopback.OpenBlobs(filepath.Join(b.kept.Dir, "blobs")); err != nil {
		return err
	}
	b.work, err = b.Home.NewWork()
	return err
}

// key identifies what builds for a target share: builds of one folder with one
// builder, whatever the image's name, or builds with the user's CacheKey.
// Emulated builds do not take over from cross builds: they exist for what cross
// builds cannot build. The compression is part of the key, so that an image's
// digest does not depend on earlier builds.
func (b *Build) key(to targets.Target) string { return b.keyIn(b.ExecEnv, to) }

// keyIn is the key in an execution environment. Images for tests have other layers
// than those for production, and neither build should lose its previous image.
func (b *Build) keyIn(execEnv execenv.Environment, to targets.Target) string {
	key := b.of() + " for " + to.String() + " by " + b.owner()
	if execEnv.Develops() {
		key += " in " + string(execEnv)
	}
	if b.emulated() {
		key += " on " + b.Host.String()
	}
	if b.Small {
		key += " small"
	}
	return key
}

// of names what the builds share.
func (b *Build) of() string {
	switch {
	case b.Rebase != nil:
		return "rebases of " + b.Name
	case b.CacheKey != "":
		return "key " + strconv.Quote(b.CacheKey)
	}
	app := b.AppOf
	if app == "" {
		app = b.App
	}
	of := "app " + strconv.Quote(realPath(app))
	if dir := path.Clean(b.Env[settings.ProjectPath]); dir != "." {
		of += " project " + strconv.Quote(dir)
	}
	builder := b.builder.found
	if images.IsLayout(builder) {
		builder = realPath(builder)
	}
	return of + " with " + strconv.Quote(builder)
}

// realPath resolves a folder's links, or returns the path unchanged if there is
// no such folder.
func realPath(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	if found, err := filepath.EvalSymlinks(absolute); err == nil {
		return found
	}
	return absolute
}

// openKept opens the build's folder. Builds of one image wait for each other. A
// build of another image of the same app does not wait: it uses a temporary
// folder and leaves nothing.
func (b *Build) openKept(ctx context.Context) error {
	key := b.key(b.Target)
	var err error
	if b.kept, err = b.Home.TryBuild(key); err == nil {
		return b.writeHolder()
	}
	if !errors.Is(err, home.ErrBusy) {
		return err
	}
	holder, err := os.ReadFile(filepath.Join(b.Home.BuildDir(key), holderFile))
	if err == nil && string(holder) != b.Name {
		b.beside = true
		key += " beside it " + b.Name
	}
	b.kept, err = b.Home.Build(ctx, key, func() {
		b.Log.Note("another build of " + b.Name + " for " + b.Target.String() + " is running: waiting for its end")
	})
	if err != nil {
		return err
	}
	if b.beside {
		return b.kept.Clear() // from a killed build
	}
	return b.writeHolder()
}

// holderFile is the file in a build's folder with the name of the image being
// built.
const holderFile = "now"

func (b *Build) writeHolder() error {
	return wholefile.WriteBytes(filepath.Join(b.kept.Dir, holderFile), []byte(b.Name))
}

// emulated reports whether the build's programs need emulation.
func (b *Build) emulated() bool {
	machine, err := targets.Host()
	return err != nil || machine != b.Host
}

// owner separates the caches of root and other users in one folder.
func (b *Build) owner() string {
	if b.Way.OneID() {
		return "user " + strconv.Itoa(os.Geteuid())
	}
	return "root"
}

// writeBuildpacks writes the requested buildpacks beside the builder's.
func (b *Build) writeBuildpacks(ctx context.Context) error {
	if b.Buildpacks.Empty() {
		return nil
	}
	return b.Log.Step("fetching buildpacks", func() error {
		plan, err := b.Buildpacks.Resolve(ctx, b.root, b.work.Dir, b.Host, b.Registries)
		if err != nil {
			return err
		}
		b.fetched = plan.Fetched
		dir, err := b.work.Folder("buildpacks", 0o755)
		if err != nil {
			return err
		}
		return plan.Write(dir, b.work.Path("etc/order.toml"), b.builder.user, b.builder.group)
	})
}
