//go:build linux

// Package phases makes an image of an app's folder for one platform: it runs
// the lifecycle that the builder has in a sandbox, between a registry of the
// build's own and nothing else.
package phases

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

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

// Options say what to build, of what, and how.
type Options struct {
	App      string // folder
	AppOf    string // where App is a copy, the folder that it is one of
	Name     string // of the image, with its tag
	CacheKey string // builds of one share what they leave, in place of those of one folder
	Target   targets.Target
	Host     targets.Target // whose build image is used; another than this machine's is emulated
	Builder  string         // folder or reference, as images.Builder takes it
	RunImage string         // folder or reference; the builder's own when empty

	// BuilderBy says who chose the builder, where that was not whoever called
	// armature: "the app's project.toml". The builder is the absolute path of a
	// folder in the app then, or a reference.
	BuilderBy  string
	Registries images.Registries

	Buildpacks order.Request // instead of the builder's order, or around it

	Env        map[string]string // for the buildpacks
	Bindings   []string          // folders of service bindings
	Network    sandbox.Network
	Limits     sandbox.Limits // of each program
	ClearCache bool
	Small      bool                   // compress layers well; as the lifecycle does, fast, when not set
	CacheImage string                 // where the cache is kept in a registry; in the home when empty
	SBOMDir    string                 // where the bills of materials are put; nowhere when empty
	Labels     map[string]string      // that buildpacks were asked for: an image without one of them is an error
	Created    string                 // when the image says that it was made, as SOURCE_DATE_EPOCH has it; when empty, what the lifecycle says
	Filter     func(path string) bool // which files of the app take part; all when nil

	// Rebase, when set, is an image that gets the run image in place of its
	// own; App and what is for buildpacks are not looked at.
	Rebase v1.Image

	Home   home.Home
	Way    sandbox.Way
	Log    *progress.Log
	Getenv func(string) string // this program's environment

	seeding bool // makes a seed, and begins with none
}

// Result is an image that was built.
type Result struct {
	Image  v1.Image // can be read until the build is closed
	Digest v1.Hash
}

// Build is one that runs or has run. Close it in any case: it holds what other
// builds of the same image wait for.
type Build struct {
	Options
	builder *builder
	run     *runImage
	work    *home.Work
	kept    *home.Build
	left    left // what is noted in the folder of kept
	beside  bool // a build of another image has the folder that would be this one's
	rootUse home.Lock
	root    string // unpacked builder
	blobs   *loopback.Blobs
	etc     []sandbox.Bind
	fetched []order.Fetched // buildpacks besides the builder's
	seed    v1.Image        // that a first build begins with; nil when there is none
	full    bool            // the lifecycle or a buildpack said that a disk is full
	before  v1.Image        // what the lifecycle was given as the image of the build before; nil when there is none
	first   *Build          // the build for another target that makes layers for this one, too; nil when there is none
	busy    event           // a buildpack runs a command, or is done
	layered event           // the buildpacks have made their layers
	made    event           // Run has returned image
	image   v1.Image

	clean        cleanLayers       // what the seed says of layers that hold nothing of the app
	runtimeFiles map[string]string // of the app, see there
	badCache     bool              // the cache image is not to be pushed

	emulation  map[string]string // variables of an emulated build's programs; the user's go before
	rebaseName string            // what the image to rebase calls its run image
}

// Source is the build's copy of the app's folder. Until the build runs, another
// build can copy it, so that both have the same.
func (b *Build) Source() string { return b.work.Path("app") }

// Start does everything that comes before the lifecycle.
func Start(ctx context.Context, options Options) (_ *Build, err error) {
	if options.BuilderBy != "" && options.Way == sandbox.Chroot {
		return nil, &failure.Failure{
			ID: "app-builder-in-chroot", Cause: options.BuilderBy + " names the builder " + options.Builder + ", and a chroot does not keep programs of a builder's own apart well enough",
			Remedy: "name the builder yourself with --builder when you trust it, or build where the kernel has user namespaces.",
		}
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
	if err := b.findImages(ctx); err != nil {
		return nil, err
	}
	if err := b.unpack(ctx); err != nil {
		return nil, err
	}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	if err := b.copyApp(ctx); err != nil {
		return nil, err
	}
	if err := b.inherit(); err != nil {
		return nil, err
	}
	if err := b.begin(ctx); err != nil {
		return nil, err
	}
	return b, b.prepare(ctx)
}

func newBuild(options Options) *Build {
	b := &Build{Options: options, busy: newEvent(), layered: newEvent(), made: newEvent()}
	if b.emulated() {
		b.emulation = emulation.Environment(b.Host)
		b.Env = map[string]string{}
		maps.Copy(b.Env, b.emulation)
		maps.Copy(b.Env, options.Env)
	}
	return b
}

// Close removes what the build does not leave to the next one.
func (b *Build) Close() error {
	var failed []error
	if b.work != nil { // what may be secret does not wait for its removal
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

// Run runs the lifecycle and returns the image it made.
func (b *Build) Run(ctx context.Context) (*Result, error) {
	if b.first != nil && !b.divided() {
		if err := b.wholeAfterFirst(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.lifecycle(ctx); err != nil {
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

// manifestPath is where the manifest of the last build is kept.
func (b *Build) manifestPath() string { return filepath.Join(b.kept.Dir, "manifest.json") }
