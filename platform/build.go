//go:build linux

package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// build is a validated request.
type build struct {
	Request
	job
	targets []Target
	options phases.Options // shared by all targets' builds; Target and other differences are set per target
}

// Build makes an image of an app's folder and writes it to the request's Output.
// Checks that need no build, such as push permission, run first. A failure to clean
// up after the image was written is a [Note], not an error. Cancelling ctx stops
// the build.
func Build(ctx context.Context, r Request) (_ Result, err error) {
	defer explain(&err)
	b, err := r.read(newLog(r.Progress))
	if err != nil {
		return Result{}, err
	}
	if b.home, err = home.Open(b.Home, b.Getenv); err != nil {
		return Result{}, err
	}
	defer b.home.Finish()
	b.started()
	var result Result
	err = b.whole(func() (release func() error, err error) {
		var builds []*phases.Build
		builds, result, err = b.make(ctx)
		return func() error { return closeAll(builds) }, err
	}, &result.Written)
	return result, err
}

// started reports the build's start.
func (b *build) started() {
	b.log.Build(BuildStarted{Name: b.name.Name(), Targets: b.targets, Host: b.options.Host, Builder: b.options.Builder})
}

// read validates a request and merges in the project descriptor and the
// environment. The caller sets the home.
func (r Request) read(log *progress.Log) (*build, error) {
	if r.App == "" {
		r.App = "."
	}
	r.Getenv = environment(r.Getenv)
	b := &build{Request: r, job: job{log: log}}
	if err := b.check(); err != nil {
		return nil, err
	}
	var err error
	if b.targets, err = sortTargets(r.Targets); err != nil {
		return nil, err
	}
	if b.name, err = parseName(r.Image); err != nil {
		return nil, err
	}
	if b.to, err = destination.Parse(r.Output); err != nil {
		return nil, err
	}
	if b.options, err = b.readOptions(); err != nil {
		return nil, err
	}
	return b, b.addLabels()
}

// check refuses values that only a Go caller can set.
func (b *build) check() error {
	switch {
	case b.Compression != "" && b.Compression != Fast && b.Compression != Small:
		return fmt.Errorf("the request's Compression is %q, want %q or %q", b.Compression, Fast, Small)
	case b.Emulate && b.Host != (Target{}):
		return errors.New("the request's Emulate and Host both say where the build runs, want one of them")
	}
	return checkNetwork(b.Network)
}

// readOptions returns the options that all targets share.
func (b *build) readOptions() (o phases.Options, err error) {
	project, err := b.readDescriptor()
	if err != nil {
		return o, err
	}
	builder, err := b.chooseBuilder(project, b.log)
	if err != nil {
		return o, err
	}
	o = phases.Options{
		App: b.App, Name: b.name.Name(), CacheKey: b.CacheKey, Host: b.Host, Builder: builder.builder, BuilderBy: builder.by, RunImage: b.RunImage,
		Registries: b.Registries.all(), Buildpacks: project.Buildpacks, Filter: project.Filter, Env: map[string]string{}, Bindings: b.Bindings,
		Network: sandbox.Network(cmp.Or(b.Network, HostNetwork)), Limits: sandbox.DefaultLimits(), ClearCache: b.ClearCache, Small: b.Compression == Small, SBOMDir: b.SBOMDir, Log: b.log, Getenv: b.Getenv,
	}
	o.Registries.Offline = o.Network == sandbox.None
	if b.Limits != nil {
		o.Limits = sandbox.Limits(*b.Limits)
	}
	if len(b.Buildpacks) > 0 {
		o.Buildpacks = namedBuildpacks(b.Buildpacks)
	}
	if o.Created, err = epoch(b.Created); err != nil {
		return o, err
	}
	for _, key := range project.Ignored {
		b.log.Note("the project descriptor's key " + key + " means nothing here")
	}
	if o.Host, err = hostOr(o.Host); err != nil {
		return o, err
	}
	maps.Copy(o.Env, project.Env)
	maps.Copy(o.Env, b.Env)
	if o.ExecEnv, err = b.execEnv(o.Env); err != nil {
		return o, err
	}
	delete(o.Env, execenv.Variable)
	for kind, command := range b.Processes {
		name := settings.StartCommand
		if kind != "web" {
			name += "_" + kind
		}
		o.Env[name] = command
	}
	return o, err
}

// execEnv returns what the image is for: the request's, or what the build's variables
// say, as with platforms that know no execution environments.
func (b *build) execEnv(env map[string]string) (execenv.Environment, error) {
	return execenv.Read(func(name string) string { return cmp.Or(string(b.Environment), env[name]) })
}

func (b *build) readDescriptor() (*descriptor.Descriptor, error) {
	if b.Descriptor != "" {
		return descriptor.Read(b.Descriptor)
	}
	return descriptor.Find(b.App)
}

// namedBuildpacks returns a request's buildpacks, which override the descriptor's.
// As with pack, one text may list several, separated by commas.
func namedBuildpacks(texts []string) order.Request {
	var request order.Request
	for _, text := range texts {
		for one := range strings.SplitSeq(text, ",") {
			request.Buildpacks = append(request.Buildpacks, order.Locator{Name: strings.TrimSpace(one)})
		}
	}
	return request
}

// addLabels adds labels and annotations to the options. Annotations of git are left
// out if the output cannot hold annotations.
func (b *build) addLabels() error {
	labels, annotations, err := b.readLabels()
	if err != nil {
		return err
	}
	b.options.Labels = labels
	if len(labels) > 0 {
		b.options.Env[settings.ImageLabels] = inVariable(b.options.Env[settings.ImageLabels], labels)
	}
	b.to.Registries = b.options.Registries
	if b.to.KeepsAnnotations() || len(b.Annotations) > 0 {
		b.to.Annotations = annotations
	}
	return nil
}

// make runs the builds and writes their image. The caller closes the builds, also
// after an error.
func (b *build) make(ctx context.Context) (builds []*phases.Build, result Result, err error) {
	if err := b.checkFirst(ctx); err != nil {
		return nil, result, err
	}
	if b.options.Way, err = findWay(ctx, b.Sandbox, b.home); err != nil {
		return nil, result, err
	}
	if builds, result, err = b.prepare(ctx); err != nil {
		return builds, result, err
	}
	result.Written, err = b.finish(ctx, builds, b.options.Created)
	return builds, result, err
}

// prepare starts the builds, and describes what they take. The caller closes the
// builds, also after an error.
func (b *build) prepare(ctx context.Context) (builds []*phases.Build, result Result, err error) {
	b.options.Home = b.home
	if builds, err = b.start(ctx); err != nil {
		return nil, result, err
	}
	result.Settings = b.settings()
	result.Source, err = b.digestSource(ctx, builds[0].Source())
	return builds, result, err
}

// start prepares a build for each target, all from one copy of the app. It takes
// their locks in the order of targets, so that two calls cannot deadlock.
func (b *build) start(ctx context.Context) (builds []*phases.Build, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(builds))
		}
	}()
	for _, to := range b.targets {
		one := b.options
		one.Target, one.TellPlan = to, len(builds) == 0
		if b.Emulate {
			one.Host = to
		}
		if one.CacheImage, err = b.cacheImageFor(to); err != nil {
			return builds, err
		}
		if len(b.targets) > 1 {
			one.Log = b.log.For(to.String())
			if b.SBOMDir != "" {
				one.SBOMDir = filepath.Join(b.SBOMDir, to.Dashed())
			}
		}
		if len(builds) > 0 {
			one.App, one.AppOf, one.Filter = builds[0].Source(), b.App, nil
		}
		started, err := phases.Start(ctx, one)
		if err != nil {
			return builds, err
		}
		builds = append(builds, started)
	}
	return builds, nil
}

// cacheImageFor returns a target's cache image, or "" without one.
func (b *build) cacheImageFor(to Target) (string, error) {
	if b.CacheImage == "" {
		return "", nil
	}
	tag, err := images.CacheTag(b.CacheImage)
	if err != nil || len(b.targets) == 1 {
		return tag.Name(), err
	}
	return tag.Name() + "-" + to.Arch, nil
}

// checkFirst runs the checks that need no build: push permission for the image and
// the caches, and whether output folders are writable.
func (b *build) checkFirst(ctx context.Context) error {
	if err := b.to.Check(ctx, b.name, len(b.targets)); err != nil {
		return err
	}
	if b.SBOMDir != "" {
		if err := wholefile.Takes(b.SBOMDir); err != nil {
			return phases.UnwritableSBOM(err)
		}
	}
	for _, to := range b.targets {
		cache, err := b.cacheImageFor(to)
		if err == nil && cache != "" {
			err = b.options.Registries.MayPush(ctx, cache)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
