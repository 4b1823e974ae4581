//go:build linux

package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// lifecycle runs the creator and keeps the image it made.
func (b *Build) lifecycle(ctx context.Context) (err error) {
	spec, err := b.spec()
	if err != nil {
		return err
	}
	watch := newWatcher(b.Log, b.Name, titles(b.builder.image))
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
	command, err := b.command(registry)
	if err != nil {
		return err
	}
	status, err := box.Run(ctx, command, nil)
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
		Hostname: hostfiles.Hostname, Network: b.Network,
		Binds: []sandbox.Bind{
			{Source: b.work.Path("app"), Target: appDir, Writable: true},
			{Source: b.work.Path("layers"), Target: layersDir, Writable: true},
			{Source: filepath.Join(b.kept.Dir, "cache"), Target: cacheDir, Writable: true},
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
	var err error
	if spec.Root, err = b.work.Folder("root", 0o755); err != nil {
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
	var err error
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

// command is the lifecycle's call.
func (b *Build) command(registry *loopback.Registry) (sandbox.Command, error) {
	env, err := b.environment(registry)
	args := b.creator(registry)
	if b.Rebase != nil {
		args = b.rebaser(registry)
	}
	return sandbox.Command{Args: append(args, registry.Reference(loopback.AppRepository)), Env: env, Dir: layersDir, DropsRoot: true}, err
}

// creator are its arguments for a build (Platform API, "creator").
func (b *Build) creator(registry *loopback.Registry) []string {
	cache := []string{"-cache-dir", cacheDir}
	if b.CacheImage != "" {
		cache = []string{"-cache-image", registry.Reference(loopback.CacheRepository)}
	}
	args := []string{
		"/cnb/lifecycle/creator", "-app", appDir, "-layers", layersDir, "-platform", platformDir, cache[0], cache[1],
		"-run-image", registry.Reference(loopback.RunRepository),
		"-uid", strconv.Itoa(b.builder.user), "-gid", strconv.Itoa(b.builder.group), "-no-color",
	}
	return args
}

// environment is the lifecycle's. It passes on to buildpacks the home folder,
// the host's name and the proxies, and nothing else.
func (b *Build) environment(registry *loopback.Registry) ([]string, error) {
	auth, err := registry.Auth()
	if err != nil {
		return nil, err
	}
	env := append([]string{}, b.builder.env...)
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
