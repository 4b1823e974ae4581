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

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/order"
)

// The first build of any image with a builder starts from a seed, as if it were
// the previous image: the launch layer of the builder's own Node.js, and the
// lifecycle's launcher, compressed. The lifecycle makes it of an app of
// armature's own, once per builder. It contains no app's code, settings or
// bindings, so no app can use it to tamper with another's image.

// seedApp is a minimal app for the buildpacks. Its lockfile has no packages, so
// the build downloads none.
var seedApp = map[string]string{
	"package.json":      `{"name":"seed","version":"1.0.0","private":true,"scripts":{"start":"node server.js"}}`,
	"package-lock.json": `{"name":"seed","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"seed","version":"1.0.0"}}}`,
	"server.js":         "",
}

// seedManifest is the file for a seed's manifest. A folder without one means that
// the builder cannot build the app.
const seedManifest = "manifest.json"

// begin starts a first build from the builder's seed. A builder without its own
// Node.js has none: it would have to be downloaded, and the apps' version is
// unknown. For an emulated build, making it would take longer than the build.
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
		return nil // there is a previous image
	}
	if err := b.blobs.Take(blobs); err != nil {
		return err
	}
	seed, err := b.blobs.Image(manifest)
	if err == nil && b.blobs.Whole(seed) { // without a seed the build makes everything
		b.seed = seed
	}
	return err
}

// seedName returns the name of the seed's folder beside the builder's.
func (b *Build) seedName() string {
	name := filepath.Base(b.root) + "-seed-2" // version 2 has cleanFile
	if b.Small {
		name += "-small"
	}
	return name
}

// bringing lists the folder names of the builder's buildpacks that contain
// archives.
func (b *Build) bringing() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(b.root, "cnb/buildpacks/*/*/dependencies"))
	for i, path := range found {
		found[i] = filepath.Base(filepath.Dir(filepath.Dir(path)))
	}
	return found, err
}

// makeSeed fills a folder. If the builder cannot build the app, that is no error,
// or errNoSeed if the reason is temporary.
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

// notBuilt is the error if armature's own app could not be built.
type notBuilt struct {
	error
	passes bool // temporary
}

func (n *notBuilt) Unwrap() error { return n.error }

// buildClean builds an app of armature's own, given as file contents by name, and
// calls use with the image while it is readable. The app's files are in dir
// meanwhile. If there is no image, the error is a [notBuilt].
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
	clean.beside = true // no build starts from its results
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

// errNoSeed is the error for a seed that cannot be made this time.
var errNoSeed = errors.New("there is no layer of Node.js now")

// passes reports whether the reason for a missing seed is temporary. It is
// permanent if the builder's buildpacks do not detect or cannot build the app:
// then the result is remembered.
func passes(err error) bool {
	var theirs *buildpackError
	return !errors.As(err, &theirs) || theirs.Transient || theirs.ID == "disk-full"
}

// forSeed returns the options for a build of armature's own app: this build's,
// without the user's options for the app.
func (b *Build) forSeed(name string) Options {
	o := b.Options
	o.App, o.AppOf, o.Name, o.CacheKey, o.Filter, o.Rebase = "", "", name, name, nil, nil
	o.Env, o.Bindings, o.Buildpacks, o.ExecEnv = nil, nil, order.Request{}, execenv.Production
	o.ClearCache, o.CacheImage, o.SBOMDir = true, "", ""
	o.Labels, o.Created = nil, ""
	o.Log, o.Getenv = progress.New(nil), func(string) string { return "" }
	o.TellPlan, o.seeding = false, true
	return o
}

// leave writes an image with only the launcher and the layers of buildpacks that
// contain archives into a folder.
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
