//go:build linux

package phases

import (
	"context"
	"os"
	"path"
	"syscall"

	"github.com/armature-cnb/armature/internal/files/staging"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/platform/internal/hostfiles"
)

// Paths in a build's sandbox.
const (
	appDir      = "/workspace"
	layersDir   = "/layers"
	platformDir = "/platform"
	cacheDir    = "/cache"
)

// copyApp makes the build's copy of the app.
func (b *Build) copyApp(ctx context.Context) error {
	to, err := b.work.Folder(appFolder, 0o777) // as in pack's containers
	if err != nil || b.Rebase != nil {
		return err
	}
	if err := b.Log.Step("copying the app", func() error { return b.copySource(ctx, to) }); err != nil {
		return err
	}
	b.runtimeFiles, err = runtimeFiles(to, func(name string) string { return b.Env[name] })
	return err
}

// prepare makes the rest of the work folder, with the platform's files.
func (b *Build) prepare(ctx context.Context) error {
	// The modes in pack's containers.
	for _, folder := range []struct {
		name string
		mode os.FileMode
	}{
		{layersFolder, 0o755}, {"platform", 0o755}, {"platform/" + path.Base(tree.Room), 0o755}, {"home", 0o755}, {"tmp", 0o777 | os.ModeSticky}, {"vartmp", 0o777 | os.ModeSticky}, {"etc", 0o755}, {"point", 0o755},
	} {
		if _, err := b.work.Folder(folder.name, folder.mode); err != nil {
			return err
		}
	}
	if err := writePlatform(b.work.Path("platform"), b.Env, b.Bindings, b.Getenv); err != nil {
		return err
	}
	if err := b.showArchives(); err != nil {
		return err
	}
	var err error
	if b.etc, err = hostfiles.Write(b.work.Path("etc"), b.Way); err != nil {
		return err
	}
	if err := b.run.writeRun(b.work.Path("etc/run.toml")); err != nil {
		return err
	}
	if err := b.writeBuildpacks(ctx); err != nil {
		return err
	}
	return b.giveAway()
}

// giveAway makes the builder's user the owner of the build's folders.
func (b *Build) giveAway() error {
	if b.Way.OneID() {
		return nil
	}
	var folders []string
	// Files of an earlier build already have the right owner; in a chroot one may
	// be a hard link to a file of the builder, which must keep its owner.
	cache := b.cacheFolder()
	if info, err := os.Lstat(cache); err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != b.builder.user {
		folders = append(folders, cache)
	}
	for _, name := range []string{appFolder, layersFolder, "home"} {
		folders = append(folders, b.work.Path(name))
	}
	for _, name := range []string{"platform", "etc"} { // owned by root, readable by all
		if err := staging.OpenToAll(b.work.Path(name)); err != nil {
			return err
		}
	}
	return chown(b.builder.user, b.builder.group, folders...)
}
