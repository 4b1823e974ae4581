//go:build linux

package phases

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

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/platform/internal/hostfiles"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// lifecycle runs the lifecycle, and keeps the image after all programs of the
// build have ended.
func (b *Build) lifecycle(ctx context.Context) error {
	made, err := b.runLifecycle(ctx)
	if err != nil {
		return err
	}
	if err := b.keep(ctx, made); err != nil {
		return err
	}
	if b.badCache {
		return nil
	}
	return b.pushCache(ctx, made.cache)
}

// exported is what the lifecycle pushed to the build's registry, read from the
// build's blobs.
type exported struct {
	image        v1.Image
	cache        v1.Image // nil without one
	runReference string   // the lifecycle's name for the run image
}

func (b *Build) runLifecycle(ctx context.Context) (made exported, err error) {
	spec, err := b.spec()
	if err != nil {
		return made, err
	}
	watch := newWatcher(b.Log, b.Name, titles(b.builder.image))
	watch.running, watch.layered = b.busy.tell, func() { b.busy.tell(); b.layered.tell() }
	watch.waits = b.divided()
	if b.TellPlan {
		watch.detected = b.tellPlan
	}
	spec.Stdout, spec.Stderr = watch.stream(), watch.stream()
	box, err := sandbox.Start(ctx, spec)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	registry := loopback.Serve(box.Listener, b.blobs)
	defer registry.Close()
	registry.OnRequest(watch.asked)
	watch.names = b.publicNames(registry)
	if err := b.Log.Step("offering the run image", func() error { return b.offer(ctx, registry) }); err != nil {
		return made, err
	}
	if err := b.offerCache(ctx, registry); err != nil {
		return made, err
	}
	status, err := b.phases(ctx, box, registry)
	failed := err != nil || status != sandbox.Status{}
	watch.end(failed)
	transfers := registry.Transfers()
	if failed {
		watch.steps.recordTransfers(transfers, nil)
	}
	if err != nil {
		return made, err
	}
	if failed {
		b.full = watch.full
		b.Log.Explain()
		return made, b.failed(watch, status)
	}
	if made, err = b.exported(ctx, registry); err != nil {
		return made, err
	}
	names, err := blobNames(made.image)
	if err != nil {
		return made, err
	}
	watch.steps.recordTransfers(transfers, names)
	return made, nil
}

// exported reads what the lifecycle pushed. Programs of the app know the
// registry's password: repositories that were written more than once may be
// theirs.
func (b *Build) exported(ctx context.Context, registry *loopback.Registry) (exported, error) {
	made := exported{runReference: registry.Reference(loopback.RunRepository)}
	registry.End()
	for _, repository := range []string{loopback.AppRepository, loopback.CacheRepository} {
		if n := registry.Manifests(repository); n > 1 {
			return made, imageChanged(fmt.Sprintf("the image %q was written %d times, and the lifecycle writes it once", repository, n))
		}
	}
	image, err := registry.Get(ctx, loopback.AppRepository)
	if err != nil {
		return made, fmt.Errorf("reading the image that the lifecycle made: %w", err)
	}
	if made.image, err = b.fromBlobs(image); err != nil {
		return made, err
	}
	made.cache, err = b.madeCache(ctx, registry)
	return made, err
}

// fromBlobs reads an image of the build's registry from the build's blobs.
func (b *Build) fromBlobs(image v1.Image) (v1.Image, error) {
	manifest, err := image.RawManifest()
	if err != nil {
		return nil, err
	}
	return b.blobs.Image(manifest)
}

// publicNames replaces the lifecycle's names for images with the user's.
func (b *Build) publicNames(registry *loopback.Registry) *strings.Replacer {
	app, run := registry.Reference(loopback.AppRepository), registry.Reference(loopback.RunRepository)
	repository := func(reference string) string { return strings.TrimSuffix(reference, ":"+loopback.Tag) }
	public, _, _ := strings.Cut(b.run.recorded, "@")
	cache := registry.Reference(loopback.CacheRepository)
	return strings.NewReplacer(app, b.Name, repository(app), b.Name, run, public, repository(run), public, cache, b.CacheImage, repository(cache), b.CacheImage)
}

// spec is the build's sandbox: of the host it has copies only.
func (b *Build) spec() (sandbox.Spec, error) {
	spec := sandbox.Spec{
		Way: b.Way, Root: b.root, MountPoint: b.work.Path("point"), User: b.builder.user, Group: b.builder.group,
		Hostname: hostfiles.Hostname, Network: b.Network, Limits: b.Limits,
		Binds: []sandbox.Bind{
			{Source: b.work.Path(appFolder), Target: appDir, Writable: true},
			{Source: b.work.Path(layersFolder), Target: layersDir, Writable: true},
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
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: b.work.Path("buildpacks"), Target: order.Dir}, sandbox.Bind{Source: b.work.Path("etc/order.toml"), Target: order.OrderFile})
	}
	if err := b.shareRoom(&spec); err != nil || b.Way != sandbox.Chroot {
		return spec, err
	}
	// A process whose working folder is moved out of the chroot gets no farther
	// than its parent.
	if b.kept != nil {
		if err := os.Chmod(b.kept.Dir, 0o700); err != nil {
			return spec, err
		}
	}
	var err error
	if spec.Root, err = b.work.Folder("root", 0o755); err != nil {
		return spec, err
	}
	// Targets for moved folders, in a copy: the shared root stays unchanged.
	return spec, rootfs.Clone(b.root, spec.Root, b.builder.user, b.builder.group)
}

// offer puts the run image and the previous image into the build's registry.
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

// previous returns the previous image, or the seed without one; nil if a blob is
// missing: then the build makes everything again.
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
		return b.withoutUnverified(image)
	}
	b.Log.Note("the last build's image is damaged and does not help this one")
	return nil, os.Remove(b.manifestPath())
}

// phases runs the lifecycle: all phases in one program, or one by one if another
// build makes layers for this one.
func (b *Build) phases(ctx context.Context, box *sandbox.Sandbox, registry *loopback.Registry) (sandbox.Status, error) {
	auth, err := registry.Auth()
	if err != nil {
		return sandbox.Status{}, err
	}
	env := append(b.environment(), "CNB_REGISTRY_AUTH="+auth)
	call := func(program string, args ...string) sandbox.Command { return b.programCall(env, program, args...) }
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

// programCall returns a call of one of the lifecycle's programs.
func (b *Build) programCall(env []string, program string, args ...string) sandbox.Command {
	return sandbox.Command{Args: append([]string{"/cnb/lifecycle/" + program, "-no-color"}, args...), Env: env, Dir: layersDir, AsksForItself: true}
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

// noAuthorities stop the lifecycle from reading the builder's CA certificates at
// every start, which takes most of its start-up time. It uses only the build's
// own registry, without TLS.
var noAuthorities = []string{"SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR=/nonexistent"}

// environment returns the lifecycle's environment, without access to the registry.
// Only the home folder, the host name and the proxies are passed on to buildpacks.
func (b *Build) environment() []string {
	env := append([]string{}, b.builder.env...)
	env = append(env, noAuthorities...)
	env = append(env,
		"CNB_PLATFORM_API="+b.builder.platformAPI,
		"CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AMAZON=true", "CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AZURE=true",
		"HOME="+b.builder.home, "USER="+b.builder.userName, "HOSTNAME="+hostfiles.Hostname,
	)
	for name := range b.emulation {
		env = append(env, name+"="+b.Env[name])
	}
	if b.builder.platformAPI == "0.15" {
		env = append(env, execenv.Variable+"="+string(b.ExecEnv))
	}
	if b.Created != "" {
		env = append(env, "SOURCE_DATE_EPOCH="+b.Created)
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		if value := b.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
