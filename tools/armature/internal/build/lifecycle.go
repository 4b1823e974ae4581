//go:build linux

package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/tools/armature/internal/buildpacks"
	"github.com/armature-cnb/armature/tools/armature/internal/diskfull"
	"github.com/armature-cnb/armature/tools/armature/internal/hostfiles"
	"github.com/armature-cnb/armature/tools/armature/internal/images"
	"github.com/armature-cnb/armature/tools/armature/internal/loopback"
	"github.com/armature-cnb/armature/tools/armature/internal/rootfs"
	"github.com/armature-cnb/armature/tools/armature/internal/sandbox"
)

// lifecycle runs the lifecycle and keeps the image it made.
func (b *Build) lifecycle(ctx context.Context) (err error) {
	spec, err := b.spec()
	if err != nil {
		return err
	}
	watch := newWatcher(b.Log, b.Name, titles(b.builder.image))
	watch.running, watch.exporting = b.busy.tell, func() { b.busy.tell(); b.layered.tell() }
	spec.Stdout, spec.Stderr = watch.stream(), watch.stream()
	box, err := sandbox.Start(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	registry := loopback.Serve(box.Listener, b.blobs)
	defer registry.Close()
	watch.names = b.publicNames(registry)
	if err := b.Log.Step("offering the run image", func() error { return b.offer(ctx, registry) }); err != nil {
		return err
	}
	if err := b.offerCache(ctx, registry); err != nil {
		return err
	}
	status, err := b.phases(ctx, box, registry)
	failed := err != nil || status != sandbox.Status{}
	watch.end(failed)
	transfers := registry.Transfers()
	if failed {
		watch.steps.tellTransfers(transfers, nil)
	}
	if err != nil {
		return err
	}
	if failed {
		b.full = watch.full
		b.Log.Explain()
		return b.failed(watch, status)
	}
	image, err := registry.Get(ctx, loopback.AppRepository)
	if err != nil {
		return fmt.Errorf("reading the image that the lifecycle made: %w", err)
	}
	names, err := blobNames(image)
	if err != nil {
		return err
	}
	watch.steps.tellTransfers(transfers, names)
	cache, err := b.madeCache(ctx, registry)
	if err != nil {
		return err
	}
	if err := b.keep(ctx, image, cache, registry.Reference(loopback.RunRepository)); err != nil {
		return err
	}
	return b.pushCache(ctx, cache)
}

// publicNames turns what the lifecycle calls the images into what people do.
func (b *Build) publicNames(registry *loopback.Registry) *strings.Replacer {
	app, run := registry.Reference(loopback.AppRepository), registry.Reference(loopback.RunRepository)
	repository := func(reference string) string { return strings.TrimSuffix(reference, ":"+loopback.Tag) }
	public, _, _ := strings.Cut(b.run.recorded, "@")
	cache := registry.Reference(loopback.CacheRepository)
	return strings.NewReplacer(app, b.Name, repository(app), b.Name, run, public, repository(run), public, cache, b.CacheImage, repository(cache), b.CacheImage)
}

// spec is what the build sees: nothing of the host but copies.
func (b *Build) spec() (sandbox.Spec, error) {
	spec := sandbox.Spec{
		Way: b.Way, Root: b.root, Point: b.work.Path("point"), User: b.builder.user, Group: b.builder.group,
		Hostname: hostfiles.Hostname, Network: b.Network, Limits: b.Limits,
		Binds: []sandbox.Bind{
			{Source: b.work.Path("app"), Target: appDir, Writable: true},
			{Source: b.work.Path("layers"), Target: layersDir, Writable: true},
			{Source: b.cacheFolder(), Target: cacheDir, Writable: true},
			{Source: b.work.Path("platform"), Target: platformDir},
			{Source: b.work.Path("tmp"), Target: "/tmp", Writable: true},
			{Source: b.work.Path("vartmp"), Target: "/var/tmp", Writable: true},
			{Source: b.work.Path("home"), Target: b.builder.home, Writable: true},
		},
	}
	spec.Binds = append(spec.Binds, b.etc...)
	if b.run.asked != "" {
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: b.work.Path("etc/run.toml"), Target: runFile})
	}
	if !b.Buildpacks.Empty() {
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: b.work.Path("buildpacks"), Target: buildpacks.Dir}, sandbox.Bind{Source: b.work.Path("etc/order.toml"), Target: buildpacks.OrderFile})
	}
	if b.Way != sandbox.Chroot {
		return spec, nil
	}
	// Who stands in a folder that is moved back gets no farther than its parent.
	err := os.Chmod(b.kept.Dir, 0o700)
	if err == nil {
		spec.Root, err = b.work.Folder("root", 0o755)
	}
	if err != nil {
		return spec, err
	}
	// Beds for what is moved in; the shared root keeps its own.
	return spec, rootfs.Clone(b.root, spec.Root, b.builder.user, b.builder.group)
}

// offer puts the run image, and the image of the last build, where the
// lifecycle looks for them.
func (b *Build) offer(ctx context.Context, registry *loopback.Registry) error {
	if err := registry.Put(ctx, loopback.RunRepository, b.run.image); err != nil {
		return images.ReadFailed("reading the run image "+b.run.found, b.run.found, err)
	}
	if b.Rebase != nil {
		return b.offerRebase(ctx, registry)
	}
	return b.offerPrevious(ctx, registry)
}

func (b *Build) offerPrevious(ctx context.Context, registry *loopback.Registry) (err error) {
	if b.before, err = b.previous(); err != nil || b.before == nil {
		return err
	}
	return registry.PutManifest(ctx, loopback.AppRepository, b.before)
}

// previous is the image of the last build or, where there was none, the seed;
// nil where something of it is missing: then everything is made anew.
func (b *Build) previous() (v1.Image, error) {
	manifest, err := os.ReadFile(b.manifestPath())
	if errors.Is(err, fs.ErrNotExist) {
		return b.seed, nil
	}
	if err != nil {
		return nil, err
	}
	image, err := b.blobs.Image(manifest)
	if err == nil && b.blobs.Whole(image) {
		return image, nil
	}
	b.Log.Note("the last build's image is damaged and does not help this one")
	return nil, os.Remove(b.manifestPath())
}

// phases runs the lifecycle: all phases in one program or, where another build
// makes layers for this one, each by itself.
func (b *Build) phases(ctx context.Context, box *sandbox.Sandbox, registry *loopback.Registry) (sandbox.Status, error) {
	env, err := b.environment(registry)
	if err != nil {
		return sandbox.Status{}, err
	}
	call := func(program string, args ...string) sandbox.Command {
		return sandbox.Command{Args: append([]string{"/cnb/lifecycle/" + program, "-no-color"}, args...), Env: env, Dir: layersDir, AsksForItself: true}
	}
	if b.divided() {
		return b.inTwoHalves(ctx, box, registry, call)
	}
	app := registry.Reference(loopback.AppRepository)
	args := slices.Concat(inApp, inLayers, inPlatform, b.cacheArgs(registry), b.runImageArgs(registry), b.userArgs())
	command := call("creator", append(args, app)...)
	if b.Rebase != nil {
		command = call("rebaser", append(b.rebaser(registry), app)...)
	}
	return box.Run(ctx, command, nil)
}

// Arguments of the lifecycle's phases (Platform API, "Lifecycle Interface").
var (
	inApp      = []string{"-app", appDir}
	inLayers   = []string{"-layers", layersDir}
	inPlatform = []string{"-platform", platformDir}
)

func (b *Build) userArgs() []string {
	return []string{"-uid", strconv.Itoa(b.builder.user), "-gid", strconv.Itoa(b.builder.group)}
}

func (b *Build) runImageArgs(registry *loopback.Registry) []string {
	return []string{"-run-image", registry.Reference(loopback.RunRepository)}
}

func (b *Build) cacheArgs(registry *loopback.Registry) []string {
	if b.CacheImage != "" {
		return []string{"-cache-image", registry.Reference(loopback.CacheRepository)}
	}
	return []string{"-cache-dir", cacheDir}
}

// noAuthorities keep the lifecycle from reading the certificates of the builder's
// authorities whenever it starts, which takes it longer than everything else it
// does then. It speaks to no registry but the build's own, and without TLS.
var noAuthorities = []string{"SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR=/nonexistent"}

// environment is the lifecycle's. It passes on to buildpacks the home folder,
// the host's name and the proxies, and nothing else.
func (b *Build) environment(registry *loopback.Registry) ([]string, error) {
	auth, err := registry.Auth()
	if err != nil {
		return nil, err
	}
	env := append([]string{}, b.builder.env...)
	env = append(env, noAuthorities...)
	env = append(env,
		"CNB_PLATFORM_API="+b.builder.platformAPI, "CNB_REGISTRY_AUTH="+auth,
		"CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AMAZON=true", "CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AZURE=true",
		"HOME="+b.builder.home, "USER="+b.builder.userName, "HOSTNAME="+hostfiles.Hostname,
	)
	for name := range b.emulation {
		env = append(env, name+"="+b.Env[name])
	}
	if b.builder.platformAPI == "0.15" {
		env = append(env, "CNB_EXEC_ENV=production")
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		if value := b.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env, nil
}

// The statuses of the lifecycle that mean something to whoever calls it
// (platform/exit.go of lifecycle 0.21: 20 and 21 from detect, 51 from build).
const (
	noBuildpacks  = 20
	buildpackFail = 51
)

// failed is the error of a build that the lifecycle ended with a status.
func (w *watcher) failed(status sandbox.Status) error {
	switch {
	case status.Code == noBuildpacks || status.Code == noBuildpacks+1:
		return &failure.Failure{ID: "no-buildpack-applies", Cause: "no buildpack of the builder takes the app", Remedy: "see what they say above; the app's folder needs a package.json."}
	case w.short.decides():
		return w.short.failure
	case status.Code == buildpackFail:
		return &failure.Failure{
			ID: "build-failed", Cause: "a buildpack ended the build", Transient: w.transient,
			Remedy: "mend what it says above.",
		}
	case w.full:
		return diskfull.Failure("the lifecycle could not write all of the phase "+w.phase, nil, "", "--cache-dir")
	}
	return fmt.Errorf("the lifecycle ended with %s in the phase %s", status, w.phase)
}
