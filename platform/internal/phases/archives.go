//go:build linux

package phases

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Archives of packages are kept in armature's home for the builds of all apps. A
// build is shown only those that its own lockfile names, and that it would fetch from
// the same address without credentials: see docs/decisions/seeds.md.

// sharesArchives reports whether the build takes part: a plan installs nothing, and
// without a network a build fetches none itself.
func (b *Build) sharesArchives() bool {
	return b.Rebase == nil && b.kept != nil && !b.seeding && b.Network != sandbox.None
}

// showArchives links or copies archives into the platform's folder, where the build
// cannot write. One that cannot be shown is fetched.
func (b *Build) showArchives() error {
	if !b.sharesArchives() {
		return nil
	}
	b.archives = b.openArchives()
	dir := filepath.Join(b.work.Path("platform"), npmregistry.Shown)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, archive := range b.archives {
		// In a chroot nothing but its mode would protect a file of the home.
		_, err := b.Home.UseArchive(archive, filepath.Join(dir, name), b.Way != sandbox.Chroot)
		if diskfull.Is(err) {
			break
		}
	}
	return nil
}

// openArchives returns the archives of the app's lockfile that need no credentials,
// by their checksums; none if that is uncertain.
func (b *Build) openArchives() map[string]home.Archive {
	app, err := b.preview()
	if err != nil {
		return nil
	}
	packages, dir := app.Locked()
	if len(packages) == 0 {
		return nil
	}
	config, err := b.npmConfiguration(dir)
	if err != nil {
		return nil
	}
	address, err := npmregistry.Open(config, nil)
	if err != nil {
		return nil
	}
	open, closed := map[string]home.Archive{}, map[string]bool{}
	for _, p := range packages {
		sum, err := npmregistry.Integrity(p.Integrity)
		if err != nil || sum.Algorithm != "sha512" || p.Link || p.InBundle {
			continue
		}
		archive := home.Archive{Checksum: sum, Address: address(p.Name, p.Version, p.Resolved)}
		if archive.Address == "" {
			closed[sum.Hex] = true
		} else if _, twice := open[sum.Hex]; !twice {
			open[sum.Hex] = archive
		}
	}
	for name := range closed {
		delete(open, name)
	}
	return open
}

// fetchedFile is npm-install's archive of npm's cache, in the folder of layers, and
// fetchedFolder the folder of contents in it.
const (
	fetchedFile   = "armature_npm-install/npm-cache/downloads.tar"
	fetchedFolder = "_cacache/content-v2/sha512/"
)

// maxFetched is the most entries that are read of that archive.
const maxFetched = 1 << 18

// keepArchives begins to keep what the build has fetched, beside the call's other
// work; [Build.Close] waits for it, and [RunAll] ends the context before that. An
// archive of npm's cache from before the build has nothing new. The build's programs
// have ended. Errors only let other builds fetch it again.
func (b *Build) keepArchives(ctx context.Context, began time.Time) {
	if len(b.archives) == 0 || ctx.Err() != nil || !b.Home.MayKeepArchives() {
		return
	}
	b.keeping = make(chan struct{})
	go func() {
		defer close(b.keeping)
		root, err := b.openLayers()
		if err != nil {
			return
		}
		defer root.Close()
		file, err := regular.Open(root, fetchedFile)
		if err != nil {
			return
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || info.ModTime().Before(began) {
			return
		}
		if err := b.keepFrom(file); diskfull.Is(err) {
			b.Log.Note("the disk is full: not all packages that this build fetched are kept for other builds")
		}
	}()
}

// keepFrom keeps the archives in a tar archive, which programs of the app could write.
func (b *Build) keepFrom(file io.ReadSeeker) error {
	archive := tar.NewReader(file)
	for range maxFetched {
		header, err := archive.Next()
		if err != nil {
			return err
		}
		digits, found := strings.CutPrefix(path.Clean(header.Name), fetchedFolder)
		one, wanted := b.archives[strings.ReplaceAll(digits, "/", "")]
		if !found || !wanted || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := b.Home.KeepArchive(one, archive, b.work.Dir); diskfull.Is(err) {
			return err
		}
	}
	return nil
}
