//go:build linux

package phases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/order"
)

// A seed is what the first build of any image with a builder begins with, as if
// it were the image of a build before: the launch layer of the Node.js that the
// builder brings along, and the lifecycle's launcher, compressed. The lifecycle
// makes it, of an app of armature's own, once for a builder. No app's code, setting or binding has a
// part in it, so no app can put anything into another's image by it.

// seedApp is the least that the buildpacks take for an app. It has a lockfile
// without packages, so that nothing is asked of a registry.
var seedApp = map[string]string{
	"package.json":      `{"name":"seed","version":"1.0.0","private":true,"scripts":{"start":"node server.js"}}`,
	"package-lock.json": `{"name":"seed","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"seed","version":"1.0.0"}}}`,
	"server.js":         "",
}

// seedManifest is the file that a seed's manifest is in. A folder without one
// says that there is none: the builder could not build the app.
const seedManifest = "manifest.json"

// begin gives a build that has no build before it the builder's seed. A builder
// without a Node.js of its own has none: it would have to be downloaded, and
// which one apps want is not known. For an emulated build it would take longer
// to make than the build does.
func (b *Build) begin(ctx context.Context) error {
	if b.Rebase != nil || b.seeding || b.emulated() {
		return nil
	}
	bringing, err := b.bringing()
	if err != nil || len(bringing) == 0 {
		return err
	}
	dir, use, err := b.Home.Root(ctx, b.seedName(), func(dir string) error {
		return b.Log.Step("making the layer of Node.js, once for all builds", func() error { return b.makeSeed(ctx, dir, bringing) })
	})
	if errors.Is(err, errNoSeed) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making the layer of Node.js: %w", err)
	}
	defer use.Close()
	manifest, err := os.ReadFile(filepath.Join(dir, seedManifest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	blobs, err := loopback.OpenBlobs(dir)
	if err != nil {
		return err
	}
	if b.clean, err = readClean(dir); err != nil {
		return err
	}
	if _, err := os.Lstat(b.manifestPath()); err == nil {
		return nil // begins with the build before
	}
	if err := b.blobs.Take(blobs); err != nil {
		return err
	}
	seed, err := b.blobs.Image(manifest)
	if err == nil && b.blobs.Whole(seed) { // without it everything is made anew
		b.seed = seed
	}
	return err
}

// seedName is that of the seed's folder beside the builder's.
func (b *Build) seedName() string {
	name := filepath.Base(b.root) + "-seed-2" // the second kind, with cleanFile
	if b.Small {
		name += "-small"
	}
	return name
}

// bringing lists the buildpacks of the builder that have archives of their own,
// as the names of their folders.
func (b *Build) bringing() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(b.root, "cnb/buildpacks/*/*/dependencies"))
	for i, path := range found {
		found[i] = filepath.Base(filepath.Dir(filepath.Dir(path)))
	}
	return found, err
}

// makeSeed fills a folder. That the builder cannot build the app is no error,
// but errNoSeed where that may pass.
func (b *Build) makeSeed(ctx context.Context, dir string, bringing []string) error {
	err := b.buildClean(ctx, dir, seedApp, b.forSeed("seed of "+filepath.Base(b.root)), func(seed *Build, made v1.Image) error {
		return seed.leave(made, dir, bringing)
	})
	var not *notBuilt
	if !errors.As(err, &not) {
		return err
	}
	b.Log.Note("the builder makes no layer beforehand: " + err.Error())
	if not.passes {
		return errNoSeed
	}
	return nil
}

// notBuilt is the error of an app of armature's own that could not be built.
type notBuilt struct {
	error
	passes bool // the next time it may go well
}

func (n *notBuilt) Unwrap() error { return n.error }

// buildClean builds an app of armature's own, given as the texts of its files,
// and calls use with the image while it can be read. The app's files lie in dir
// meanwhile. An error that is a [notBuilt] says that there is no image.
func (b *Build) buildClean(ctx context.Context, dir string, files map[string]string, options Options, use func(*Build, v1.Image) error) (err error) {
	app, err := os.MkdirTemp(dir, ".app-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(app)) }()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	options.App = app
	clean, err := Start(ctx, options)
	if err != nil {
		return err
	}
	clean.beside = true // nobody begins with what it leaves
	defer func() { err = errors.Join(err, clean.Close()) }()
	made, err := clean.Run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &notBuilt{err, clean.full || passes(err)}
	}
	return use(clean, made.Image)
}

// errNoSeed is that of a seed that could not be made this time.
var errNoSeed = errors.New("there is no layer of Node.js now")

// passes says whether what a seed was not made for may be over at the next
// build. What stays is that the builder's buildpacks do not take the app, or
// cannot build it: then no seed is remembered.
func passes(err error) bool {
	var theirs *buildpackError
	return !errors.As(err, &theirs) || theirs.Transient || theirs.ID == "disk-full"
}

// forSeed are the options of a build of armature's own: this build's, without
// what its user gave for the app.
func (b *Build) forSeed(name string) Options {
	o := b.Options
	o.App, o.AppOf, o.Name, o.CacheKey, o.Filter, o.Rebase = "", "", name, name, nil, nil
	o.Env, o.Bindings, o.Buildpacks = nil, nil, order.Request{}
	o.ClearCache, o.CacheImage, o.SBOMDir = true, "", ""
	o.Labels, o.Created = nil, ""
	o.Log, o.Getenv = progress.New(nil), func(string) string { return "" }
	o.seeding = true
	return o
}

// leave puts an image into a folder that has the launcher, the layers of the
// buildpacks that bring archives, and no others.
func (b *Build) leave(made v1.Image, dir string, bringing []string) error {
	metadata, layers, err := layersOf(made, func(name layerName, _ json.RawMessage) bool {
		buildpack, _, _ := strings.Cut(string(name), "@")
		return slices.Contains(bringing, strings.ReplaceAll(buildpack, "/", "_"))
	})
	if err != nil {
		return err
	}
	if layers, err = withLauncher(made, &metadata, layers); err != nil {
		return err
	}
	seed, err := imageOf(b.Target, metadata, layers)
	if err != nil {
		return err
	}
	to, err := loopback.OpenBlobs(dir)
	if err != nil {
		return err
	}
	manifest, err := to.Store(seed, b.blobs)
	if err != nil {
		return err
	}
	if err := wholefile.WriteBytes(filepath.Join(dir, seedManifest), manifest); err != nil {
		return err
	}
	return b.leaveClean(made, dir)
}
