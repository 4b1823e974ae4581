//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/destination"
	"github.com/armature-cnb/armature/platform/home"
	"github.com/armature-cnb/armature/platform/images"
	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/progress"
	"github.com/armature-cnb/armature/platform/sandbox"
)

// buildFlags are the flags of build, as they were given.
type buildFlags struct {
	tag, platform, output, builder, runImage, cacheDir string
	network, sbomDir, progress, sandbox, descriptor    string
	compression                                        string
	timings, hostPlatform, cacheImage, cacheKey        string
	creationTime                                       string
	env, envFiles, bindings, buildpacks                list
	labels, annotations                                list
	insecure                                           hosts
	clearCache, quiet, emulate                         bool
	gitLabels, trustAppBuilder                         bool
	limits                                             sandbox.Limits

	allAnnotations map[string]string // of annotations and gitLabels
}

// hosts is a flag that may be given several times, of registries.
type hosts []string

func (h *hosts) String() string { return "" }
func (h *hosts) Type() string   { return "host" }

func (h *hosts) Set(value string) error {
	if !images.IsRegistry(value) {
		return errors.New("want HOST, or HOST:PORT with a port from 1 to 65535")
	}
	*h = append(*h, value)
	return nil
}

const insecureHelp = "a registry's `HOST[:PORT]`, as references have it, that may speak http or have a certificate that nobody vouches for; several times"

func buildCommand(p *program) *cobra.Command {
	f := &buildFlags{}
	c := newCommand("build [PATH]", "makes an image of an app's folder", longHelp("build"), 1, func(ctx context.Context, args []string) error {
		return f.run(ctx, p, args)
	})
	set := c.Flags()
	set.StringVar(&f.tag, "tag", "", "what the image is called: `NAME[:TAG]`, with a registry where it is pushed to one")
	set.StringVar(&f.platform, "platform", "linux/arm64", "where the image is to run, as `OS/ARCH`: linux/arm64, linux/amd64, or both with a comma between, for one image with both")
	set.BoolVar(&f.emulate, "emulate", false, "run the whole build in the build image of the platform it is for, emulated where this machine is another: for what cannot be compiled across")
	set.StringVar(&f.hostPlatform, "host-platform", "", "the platform (`OS/ARCH`) whose build image the build runs in, emulated where it is not this machine's; this machine's when left out")
	set.StringVar(&f.output, "output", "", "where the image goes, as `KIND`: oci:DIR (an OCI layout), tar:FILE (for docker load), docker (the engine), registry; when left out, armature's own folder, as an OCI layout")
	set.StringVar(&f.builder, "builder", "", "the builder: an OCI layout's `FOLDER`, or of make builder's, or a registry reference; that of a --descriptor or $ARMATURE_BUILDER when left out")
	set.BoolVar(&f.trustAppBuilder, "trust-app-builder", false, "where nothing else names a builder, take the one that the app's own project.toml names: its programs see the bindings and variables of the build")
	set.Var(&f.buildpacks, "buildpack", "a `BUILDPACK` in place of the builder's order: an id[@version] of the builder's, a folder, a .tgz, a .cnb, docker://REFERENCE, or from=builder for that order; several times, or with commas between")
	set.StringVar(&f.runImage, "run-image", "", "the run image: an OCI layout's `FOLDER` or a registry reference; the builder's own when left out")
	set.Var(&f.env, "env", "a variable for the buildpacks, `NAME=VALUE`, or NAME for its value here; several times")
	set.Var(&f.envFiles, "env-file", "a `FILE` of such lines; --env goes before it")
	set.Var(&f.labels, "label", "a label of the image, `NAME=VALUE`, which the buildpacks are asked for with BP_IMAGE_LABELS; several times")
	set.Var(&f.annotations, "annotation", "an annotation of the image's manifest and index, `NAME=VALUE`; several times")
	set.BoolVar(&f.gitLabels, "git-labels", false, "label and annotate the image with the commit that is checked out and the address of the remote origin (org.opencontainers.image.revision and source); what is not committed is not looked at")
	set.StringVar(&f.creationTime, "creation-time", "", "when the image says that it was made, as `TIME`: seconds since 1970, a time like 2026-01-31T12:00:00Z, or now; $SOURCE_DATE_EPOCH when left out, or else 1980")
	set.Var(&f.insecure, "insecure-registry", insecureHelp)
	set.Var(&f.bindings, "binding", "a service binding's `FOLDER`; several times")
	set.StringVar(&f.descriptor, "descriptor", "", "the project descriptor's `FILE`: which files take part, buildpacks, and variables; project.toml of the app when left out")
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`; $XDG_CACHE_HOME/armature or ~/.cache/armature when left out")
	set.StringVar(&f.cacheImage, "cache-image", "", "the `IMAGE` in a registry that the build's cache is fetched from and pushed to, instead of armature's own folder; of several platforms each has a tag that ends with its architecture")
	set.StringVar(&f.cacheKey, "cache-key", "", "a `NAME` for builds that begin with what the last one of them left, such as those of an app that is checked out to another folder each time; when left out, those of the same folder with the same builder")
	set.BoolVar(&f.clearCache, "clear-cache", false, "forget what earlier builds of this app left")
	set.StringVar(&f.compression, "compression", "fast", "how layers are compressed, as `KIND`: fast, as the lifecycle and so pack do it, or small, for a seventh less to push and to pull; the image's digest differs, its content does not")
	set.StringVar(&f.network, "network", "host", "`NETWORK` of the build: host or none")
	addLimits(set, &f.limits, true)
	set.StringVar(&f.sandbox, "sandbox", "", "what keeps the build apart, as `WAY`: mount-namespace, user-namespace or chroot; the first that works here when left out (armature doctor says which)")
	set.StringVar(&f.sbomDir, "sbom-dir", "", "a `FOLDER` for the bills of materials")
	set.BoolVar(&f.quiet, "quiet", false, "say nothing but errors and the image's digest")
	set.StringVar(&f.progress, "progress", "auto", "`STYLE` of what is said on the way: terminal, with a clock; plain; json, one object a line; or auto, terminal where there is one and CI is not set")
	set.StringVar(&f.timings, "timings", "", "write where the time went into `FILE`, a page of HTML that needs nothing else, and end with a table of it")
	choices(c, "platform", "linux/arm64", "linux/amd64", "linux/arm64,linux/amd64")
	choices(c, "host-platform", "linux/arm64", "linux/amd64")
	choices(c, "output", "oci:", "tar:", "docker", "registry")
	choices(c, "compression", "fast", "small")
	choices(c, "network", "host", "none")
	choices(c, "progress", "auto", "terminal", "plain", "json")
	return c
}

func (f *buildFlags) run(ctx context.Context, p *program, args []string) error {
	app := "."
	if len(args) > 0 {
		app = args[0]
	}
	options, err := f.options(p, app)
	if err != nil {
		return err
	}
	targets, err := parseTargets(f.platform)
	if err != nil {
		return err
	}
	tag, err := parseTag(f.tag)
	if err != nil {
		return err
	}
	to, err := destination.Parse(f.output)
	if err != nil {
		return err
	}
	options.Name, options.CacheKey = tag.Name(), f.cacheKey
	to.Registries, to.Annotations = options.Registries, f.annotationsFor(to)
	defer options.Log.Close()
	builds, written, err := f.make(ctx, options, targets, to, tag)
	return f.end(p, options, func() error { return closeAll(builds) }, written, err)
}

// end tells of an image, or why there is none, and only then lets go of what
// the builds needed: nobody waits for that, and an image is good whatever comes
// of it. So is one whose timeline cannot be written, but that is an error.
func (f *buildFlags) end(p *program, options phases.Options, letGo func() error, written string, err error) error {
	if err == nil {
		options.Log.Image(written)
	}
	timings := f.tellTimings(p, options, written, err)
	if err != nil {
		return errors.Join(err, timings, letGo())
	}
	options.Log.Close()
	fmt.Fprintln(p.stdout, written)
	if timings != nil {
		return errors.Join(timings, letGo())
	}
	if err := letGo(); err != nil {
		f.note(p, "the image is good, but something of the build stays until a later call can remove it: "+err.Error())
	}
	return nil
}

// note tells a fact when the log is closed.
func (f *buildFlags) note(p *program, text string) {
	switch {
	case f.quiet:
	case f.progress == string(progress.JSON):
		p.log.Note(text)
	default:
		fmt.Fprintln(p.stderr, text)
	}
}

// make runs the builds and puts their image where it belongs. The builds are to
// be closed in any case.
func (f *buildFlags) make(ctx context.Context, options phases.Options, targets []targets.Target, to destination.Output, tag name.Tag) (builds []*phases.Build, written string, err error) {
	if err := f.checkFirst(ctx, options, targets, to, tag); err != nil {
		return nil, "", err
	}
	if options.Way, err = findWay(ctx, f.sandbox, options.Home); err != nil {
		return nil, "", err
	}
	if builds, err = f.start(ctx, options, targets); err != nil {
		return nil, "", err
	}
	written, err = finish(ctx, options, builds, to, tag)
	return builds, written, err
}

// start prepares a build for each target, all of the same copy of the app. It
// does so in the order that targets have, so that two calls never wait for
// each other.
func (f *buildFlags) start(ctx context.Context, options phases.Options, targets []targets.Target) (builds []*phases.Build, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(builds))
		}
	}()
	for _, to := range targets {
		one := options
		one.Target = to
		if f.emulate {
			one.Host = to
		}
		if one.CacheImage, err = f.cacheImageFor(to, len(targets)); err != nil {
			return builds, err
		}
		if len(targets) > 1 {
			one.Log = options.Log.For(to.String())
			if options.SBOMDir != "" {
				one.SBOMDir = filepath.Join(options.SBOMDir, to.Dashed())
			}
		}
		if len(builds) > 0 {
			one.App, one.AppOf, one.Filter = builds[0].Source(), options.App, nil
		}
		b, err := phases.Start(ctx, one)
		if err != nil {
			return builds, err
		}
		builds = append(builds, b)
	}
	return builds, nil
}

// cacheImageFor is the cache image of a build for one of several targets, or "".
func (f *buildFlags) cacheImageFor(to targets.Target, targets int) (string, error) {
	if f.cacheImage == "" {
		return "", nil
	}
	tag, err := images.CacheTag(f.cacheImage)
	if err != nil || targets == 1 {
		return tag.Name(), err
	}
	return tag.Name() + "-" + to.Arch, nil
}

// checkFirst finds out what can be known before the build: whether the image and
// the caches may be pushed, and with which credentials, and whether folders take
// what is to be written to them.
func (f *buildFlags) checkFirst(ctx context.Context, options phases.Options, targets []targets.Target, out destination.Output, tag name.Tag) error {
	if err := out.Check(ctx, tag, len(targets)); err != nil {
		return err
	}
	if options.SBOMDir != "" {
		if err := destination.Takes(options.SBOMDir); err != nil {
			return phases.UnwritableSBOM(err)
		}
	}
	for _, to := range targets {
		cache, err := f.cacheImageFor(to, len(targets))
		if err == nil && cache != "" {
			err = options.Registries.MayPush(ctx, cache)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// annotationsFor are those for an output: those that were asked for, and where
// it has any, those of git.
func (f *buildFlags) annotationsFor(to destination.Output) map[string]string {
	if to.KeepsAnnotations() || len(f.annotations) > 0 {
		return f.allAnnotations
	}
	return nil
}

func closeAll(builds []*phases.Build) error {
	var failed []error
	for _, b := range builds {
		failed = append(failed, b.Close())
	}
	return errors.Join(failed...)
}

// finish runs the builds and puts their image where it belongs.
func finish(ctx context.Context, options phases.Options, builds []*phases.Build, to destination.Output, tag name.Tag) (written string, err error) {
	made, err := phases.RunAll(ctx, builds)
	if err != nil {
		return "", err
	}
	for i, b := range builds {
		if b.Rebase == nil {
			continue
		}
		if made[i], err = likeBefore(made[i], b.Rebase, options.Created); err != nil {
			return "", err
		}
	}
	err = options.Log.Step("writing the image", func() error {
		written, err = to.Write(ctx, options.Home, tag, made)
		return err
	})
	return written, err
}

// parseTargets reads a list of platforms; it comes back in a fixed order, each
// once.
func parseTargets(text string) ([]targets.Target, error) {
	asked := map[targets.Target]bool{}
	for one := range strings.SplitSeq(text, ",") {
		to, err := targets.Parse(strings.TrimSpace(one))
		if err != nil {
			return nil, &failure.Failure{ID: "unsupported-target", Cause: "reading --platform", Err: err, Remedy: "choose linux/arm64, linux/amd64 or both with a comma between."}
		}
		asked[to] = true
	}
	return slices.DeleteFunc(targets.All(), func(to targets.Target) bool { return !asked[to] }), nil
}

// findWay takes the sandbox that was asked for, if it works, or the best.
func findWay(ctx context.Context, asked string, h home.Home) (_ sandbox.Way, err error) {
	work, err := h.NewWork()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	ways := sandbox.Ways()
	if asked == "" {
		return sandbox.Find(ctx, work.Dir, ways...)
	}
	if !slices.Contains(ways, sandbox.Way(asked)) {
		return "", &failure.Failure{ID: "no-sandbox", Cause: fmt.Sprintf("there is no sandbox %q for this user", asked), Remedy: fmt.Sprintf("choose one of %s, or leave --sandbox out.", ways)}
	}
	way, err := sandbox.Find(ctx, work.Dir, sandbox.Way(asked))
	var refused *failure.Failure
	if errors.As(err, &refused) && len(ways) > 1 {
		refused.Remedy = "leave --sandbox out, or " + refused.Remedy
	}
	return way, err
}
