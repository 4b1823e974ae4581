//go:build linux

// Package phases makes an image of an app's folder for one platform: it runs the
// builder's lifecycle in a sandbox, against a registry of the build's own.
package phases

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Options are the options of one build.
type Options struct {
	App      string // folder
	AppOf    string // if App is a copy, the original folder
	Name     string // the image's name, with its tag
	CacheKey string // replaces the app's folder as the key of the build cache
	Target   targets.Target
	Host     targets.Target // of the build image; emulated if it is not this machine's
	Builder  string         // folder or reference, as images.Builder takes it
	RunImage string         // folder or reference; the builder's own when empty

	// BuilderBy says who chose the builder, if not armature's caller: "the app's
	// project.toml". The builder is then the absolute path of a folder in the
	// app, or a reference.
	BuilderBy  string
	Registries images.Registries

	Buildpacks order.Request // replace or surround the builder's order

	ExecEnv    execenv.Environment // what the image is for; production when empty
	Env        map[string]string   // for the buildpacks
	Bindings   []string            // folders of service bindings
	Network    sandbox.Network
	Limits     sandbox.Limits // for each program
	ClearCache bool
	Small      bool                   // compress layers well instead of fast, as the lifecycle does
	CacheImage string                 // cache image in a registry; empty for the cache in Home
	SBOMDir    string                 // folder for the bills of materials; empty for none
	Labels     map[string]string      // labels requested from the buildpacks; a missing one is an error
	Created    string                 // creation time of the image in the format of SOURCE_DATE_EPOCH; the lifecycle's when empty
	Filter     func(path string) bool // selects the app's files; nil for all

	// Rebase, when set, is the image to rebase; App and the options for
	// buildpacks are not used then.
	Rebase v1.Image

	TellPlan bool // report what the buildpacks decided in detection

	Home   home.Home
	Way    sandbox.Way
	Log    *progress.Log
	Getenv func(string) string // looks up this process's environment

	seeding bool // make a seed, without one to start from
}

// Result is a built image.
type Result struct {
	Image  v1.Image // readable until the build is closed
	Digest v1.Hash
}

// Build is a build that runs or has run. Always close it: it holds a lock that
// other builds of the same image wait for.
type Build struct {
	Options
	builder *builder
	run     *runImage
	work    *home.Work
	kept    *home.Build
	left    left // recorded in the folder kept
	beside  bool // a build of another image holds the folder for this app
	rootUse home.Lock
	root    string // unpacked builder
	blobs   *loopback.Blobs
	etc     []sandbox.Bind
	fetched []order.Fetched // buildpacks that do not come from the builder
	seed    v1.Image        // what a first build starts from; nil without one
	full    bool            // the lifecycle or a buildpack reported a full disk
	before  v1.Image        // the previous image given to the lifecycle; nil without one
	first   *Build          // the build for another target that also makes layers for this one; nil without one
	busy    event           // a buildpack runs a command, or is done
	layered event           // the buildpacks have made their layers
	made    event           // Run has set image
	image   v1.Image

	clean        cleanLayers       // the seed's layers without app code
	runtimeFiles map[string]string // of the app, see there
	badCache     bool              // do not push the cache image

	archives map[string]home.Archive // of the lockfile, that all builds may share, by the names of the files in which they are shown
	keeping  chan struct{}           // closed when these are kept; nil if nobody does

	emulation  map[string]string // variables for emulated programs; the user's override them
	rebaseName string            // the run image's name in the image to rebase
}

// Source is the build's copy of the app's folder. Before the build runs, another
// build can copy it, so that both build the same files.
func (b *Build) Source() string { return b.work.Path(appFolder) }

// Start prepares the build, up to the lifecycle.
func Start(ctx context.Context, options Options) (_ *Build, err error) {
	if err := checkBuilderBy(options); err != nil {
		return nil, err
	}
	if err := checkLoopback(options.Network); err != nil {
		return nil, err
	}
	b := newBuild(options)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	return b, inOrder(ctx, b.findImages, b.unpack, b.open, b.copyApp, b.inherit, b.begin, b.prepare)
}

// inOrder takes steps until one fails.
func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkBuilderBy refuses the app's own builder where nothing keeps its programs apart.
func checkBuilderBy(options Options) error {
	if options.BuilderBy == "" || options.Way != sandbox.Chroot {
		return nil
	}
	return &failure.Failure{
		ID: "app-builder-in-chroot", Cause: options.BuilderBy + " names the builder " + options.Builder + ", and a chroot does not keep programs of a builder's own apart well enough",
		Remedy: "name the builder yourself with --builder when you trust it, or build where the kernel has user namespaces.",
	}
}

func newBuild(options Options) *Build {
	b := &Build{Options: options, busy: newEvent(), layered: newEvent(), made: newEvent()}
	if b.emulated() {
		b.emulation = emulation.Environment(b.Host)
		b.Env = map[string]string{}
		maps.Copy(b.Env, b.emulation)
		maps.Copy(b.Env, options.Env)
	}
	b.tellExecEnv()
	return b
}

// Close removes everything that the next build does not need.
func (b *Build) Close() error {
	var failed []error
	if b.keeping != nil {
		<-b.keeping
	}
	if b.work != nil { // secrets are removed at once
		failed = append(failed, home.RemoveAll(b.work.Path("platform")), b.work.Close())
	}
	switch {
	case b.kept == nil:
	case b.beside:
		failed = append(failed, b.kept.Remove())
	default:
		failed = append(failed, b.kept.Close())
	}
	if b.root != "" {
		failed = append(failed, b.rootUse.Close())
	}
	return errors.Join(failed...)
}

func (b *Build) findImages(ctx context.Context) error {
	if err := emulation.Check("the build image has", b.Host, "build without --emulate and --host-platform, which runs this machine's own programs"); err != nil {
		return err
	}
	registries := b.Registries
	if b.BuilderBy != "" && !filepath.IsAbs(b.Builder) {
		registries = registries.For(b.BuilderBy)
	}
	image, found, err := registries.Builder(ctx, b.Builder, b.Host, b.Target)
	if err != nil {
		return err
	}
	if b.builder, err = readBuilder(image, found); err != nil {
		return err
	}
	b.run, err = b.findRunImage(ctx)
	return err
}

// Run runs the lifecycle and returns the image.
func (b *Build) Run(ctx context.Context) (*Result, error) {
	if b.first != nil && !b.divided() {
		if err := b.wholeAfterFirst(ctx); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	err := b.lifecycle(ctx)
	b.keepArchives(ctx, began)
	if err != nil {
		return nil, err
	}
	manifest, err := os.ReadFile(b.manifestPath())
	if err != nil {
		return nil, err
	}
	image, err := b.blobs.Image(manifest)
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	if b.SBOMDir != "" {
		if err := b.copySBOM(); err != nil {
			return nil, fmt.Errorf("copying the bills of materials: %w", err)
		}
	}
	if err := errors.Join(b.checkLabels(image), b.checkBash(ctx, image)); err != nil {
		return nil, err
	}
	b.image = image
	for _, e := range []event{b.busy, b.layered, b.made} {
		e.tell()
	}
	return &Result{Image: image, Digest: digest}, nil
}

// manifestPath is the path of the previous image's manifest.
func (b *Build) manifestPath() string { return filepath.Join(b.kept.Dir, "manifest.json") }
