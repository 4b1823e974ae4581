//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// buildFlags are the flags of build.
type buildFlags struct {
	name                                               string // the command's
	tag, platform, output, builder, runImage, cacheDir string
	network, sbomDir, progress, sandbox, descriptor    string
	compression                                        string
	timings, hostPlatform, cacheImage, cacheKey        string
	creationTime, execEnv                              string
	env, envFiles, bindings, buildpacks, projects      list
	labels, annotations, processes                     list
	insecure                                           hosts
	clearCache, quiet, emulate                         bool
	gitLabels, trustAppBuilder                         bool
	limits                                             platform.Limits
}

// hosts is a repeatable flag for registries.
type hosts []string

func (h *hosts) String() string { return "" }
func (h *hosts) Type() string   { return "host" }

func (h *hosts) Set(value string) error {
	if !platform.IsRegistry(value) {
		return errors.New("want HOST, or HOST:PORT with a port from 1 to 65535")
	}
	*h = append(*h, value)
	return nil
}

const insecureHelp = "a registry's `HOST[:PORT]`, as references have it, that may speak http or have a certificate that nobody vouches for; several times"

func buildCommand(p *program) *cobra.Command { return (&buildFlags{name: "build"}).command(p) }

func (f *buildFlags) command(p *program) *cobra.Command {
	c := newCommand("build [PATH]", "makes an image of an app's folder", longHelp("build"), 1, func(ctx context.Context, args []string) error {
		return f.run(ctx, p, args)
	})
	f.addInputs(c)
	c.Flags().StringVar(&f.platform, "platform", "linux/arm64", "where the image is to run, as `OS/ARCH`: linux/arm64, linux/amd64, or both with a comma between, for one image with both")
	choices(c, "platform", "linux/arm64", "linux/amd64", "linux/arm64,linux/amd64")
	set := c.Flags()
	set.StringVar(&f.tag, "tag", "", "what the image is called: `NAME[:TAG]`, with a registry where it is pushed to one")
	set.Var(&f.projects, "project", "a project of the folder that gets an image of its own, as `PATH[=NAME[:TAG]]`, such as a workspace; without a name, that of --tag with - and the last part of the path; several times")
	set.StringVar(&f.output, "output", "", "where the image goes, as `KIND`: oci:DIR (an OCI layout), tar:FILE (for docker load), docker (the engine), registry; when left out, armature's own folder, as an OCI layout")
	set.Var(&f.labels, "label", "a label of the image, `NAME=VALUE`, which the buildpacks are asked for with BP_IMAGE_LABELS; several times")
	set.Var(&f.annotations, "annotation", "an annotation of the image's manifest and index, `NAME=VALUE`; several times")
	set.BoolVar(&f.gitLabels, "git-labels", false, "label and annotate the image with the commit that is checked out and the address of the remote origin (org.opencontainers.image.revision and source); what is not committed is not looked at")
	set.StringVar(&f.creationTime, "creation-time", "", "when the image says that it was made, as `TIME`: seconds since 1970, a time like 2026-01-31T12:00:00Z, or now; $SOURCE_DATE_EPOCH when left out, or else 1980")
	set.StringVar(&f.cacheImage, "cache-image", "", "the `IMAGE` in a registry that the build's cache is fetched from and pushed to, instead of armature's own folder; of several platforms each has a tag that ends with its architecture")
	set.StringVar(&f.cacheKey, "cache-key", "", "a `NAME` for builds that begin with what the last one of them left, such as those of an app that is checked out to another folder each time; when left out, those of the same folder with the same builder")
	set.BoolVar(&f.clearCache, "clear-cache", false, "forget what earlier builds of this app left")
	set.StringVar(&f.compression, "compression", "fast", "how layers are compressed, as `KIND`: fast, as the lifecycle and so pack do it, or small, for a seventh less to push and to pull; the image's digest differs, its content does not")
	addLimits(set, &f.limits, true)
	set.StringVar(&f.sbomDir, "sbom-dir", "", "a `FOLDER` for the bills of materials")
	set.BoolVar(&f.quiet, "quiet", false, "say nothing but errors and the image's digest")
	set.StringVar(&f.progress, "progress", "auto", "`STYLE` of what is said on the way: terminal, with a clock; plain; json, one object a line; or auto, terminal where there is one and CI is not set")
	set.StringVar(&f.timings, "timings", "", "write where the time went into `FILE`, a page of HTML that needs nothing else, and end with a table of it")
	choices(c, "output", "oci:", "tar:", "docker", "registry")
	choices(c, "compression", "fast", "small")
	choices(c, "progress", "auto", "terminal", "plain", "json")
	return c
}

// addInputs adds the flags that say what is built and with what, which plan has, too,
// but for --platform.
func (f *buildFlags) addInputs(c *cobra.Command) {
	set := c.Flags()
	set.BoolVar(&f.emulate, "emulate", false, "run the whole build in the build image of the platform it is for, emulated where this machine is another: for what cannot be compiled across")
	set.StringVar(&f.hostPlatform, "host-platform", "", "the platform (`OS/ARCH`) whose build image the build runs in, emulated where it is not this machine's; this machine's when left out")
	set.StringVar(&f.builder, "builder", "", "the builder: an OCI layout's `FOLDER`, or of make builder's, or a registry reference; that of a --descriptor or $ARMATURE_BUILDER when left out")
	set.BoolVar(&f.trustAppBuilder, "trust-app-builder", false, "where nothing else names a builder, take the one that the app's own project.toml names: its programs see the bindings and variables of the build")
	set.Var(&f.buildpacks, "buildpack", "a `BUILDPACK` in place of the builder's order: an id[@version] of the builder's, a folder, a .tgz, a .cnb, docker://REFERENCE, or from=builder for that order; several times, or with commas between")
	set.StringVar(&f.runImage, "run-image", "", "the run image: an OCI layout's `FOLDER` or a registry reference; the builder's own when left out")
	set.Var(&f.env, "env", "a variable for the buildpacks, `NAME=VALUE`, or NAME for its value here; several times")
	set.Var(&f.envFiles, "env-file", "a `FILE` of such lines; --env goes before it")
	set.Var(&f.processes, "process", "a process of the image, `TYPE=COMMAND`, which the buildpacks are asked for with BP_START_COMMAND, and with BP_START_COMMAND_TYPE for other types than web; several times")
	set.StringVar(&f.execEnv, "exec-env", "", "what the image is for, as `ENVIRONMENT`: production; test, with the dependencies for development and a process test; or development, with these and a process development; production when left out")
	set.Var(&f.insecure, "insecure-registry", insecureHelp)
	set.Var(&f.bindings, "binding", "a service binding's `FOLDER`; several times")
	set.StringVar(&f.descriptor, "descriptor", "", "the project descriptor's `FILE`: which files take part, buildpacks, and variables; project.toml of the app when left out")
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`; $XDG_CACHE_HOME/armature or ~/.cache/armature when left out")
	set.StringVar(&f.network, "network", "host", "`NETWORK` of the build: host or none")
	set.StringVar(&f.sandbox, "sandbox", "", "what keeps the build apart, as `WAY`: mount-namespace, user-namespace or chroot; the first that works here when left out (armature doctor says which)")
	choices(c, "host-platform", "linux/arm64", "linux/amd64")
	choices(c, "network", "host", "none")
	choices(c, "exec-env", "production", "test", "development")
}

func (f *buildFlags) run(ctx context.Context, p *program, args []string) error {
	if f.tag == "" && len(f.projects) == 0 {
		return &usageError{"build: --tag is missing: it says what the image is called"}
	}
	r, err := f.request(p, args)
	if err != nil {
		return err
	}
	o, err := f.outcome(p)
	if err != nil {
		return err
	}
	defer o.Close()
	r.Progress = o
	if len(f.projects) > 0 {
		return f.runProjects(ctx, r, o)
	}
	_, err = platform.Build(ctx, r)
	return o.end(err)
}

// request converts the flags to a request.
func (f *buildFlags) request(p *program, args []string) (r platform.Request, err error) {
	r = platform.Request{
		Image: f.tag, Output: f.output, Emulate: f.emulate, Descriptor: f.descriptor, Builder: f.builder, TrustAppBuilder: f.trustAppBuilder, RunImage: f.runImage,
		Buildpacks: f.buildpacks, Bindings: f.bindings, GitLabels: f.gitLabels, Network: platform.Network(f.network), Limits: &f.limits, Compression: platform.Compression(f.compression),
		Environment: platform.Environment(f.execEnv), SBOMDir: f.sbomDir, CacheKey: f.cacheKey, CacheImage: f.cacheImage, ClearCache: f.clearCache, SkipSourceDigest: true, // not printed
		Home: f.cacheDir, Sandbox: platform.Way(f.sandbox), Registries: platform.Registries{Insecure: f.insecure}, Getenv: p.getenv,
	}
	if len(args) > 0 {
		r.App = args[0]
	}
	if err := f.check(); err != nil {
		return r, err
	}
	if r.Targets, err = parseTargets(f.platform); err != nil {
		return r, err
	}
	if f.hostPlatform != "" {
		if r.Host, err = parseTarget("--host-platform", f.hostPlatform); err != nil {
			return r, err
		}
	}
	if r.Created, err = created(f.creationTime, p.lookup, time.Now()); err != nil {
		return r, err
	}
	if r.Env, err = readEnv(f.envFiles, f.env, p.lookup.orEmpty); err != nil {
		return r, err
	}
	if r.Processes, err = readProcesses(f.processes); err != nil {
		return r, err
	}
	if r.Labels, err = readPairs("label", f.labels); err != nil {
		return r, err
	}
	r.Annotations, err = readPairs("annotation", f.annotations)
	return r, err
}

// check refuses invalid combinations.
func (f *buildFlags) check() error {
	switch {
	case f.network != string(platform.HostNetwork) && f.network != string(platform.NoNetwork):
		return &usageError{fmt.Sprintf("%s: --network is %q, want host or none", f.name, f.network)}
	case f.compression != string(platform.Fast) && f.compression != string(platform.Small):
		return &usageError{fmt.Sprintf("build: --compression is %q, want fast or small", f.compression)}
	case !slices.Contains(environments, platform.Environment(f.execEnv)):
		return &usageError{fmt.Sprintf("build: --exec-env is %q, want production, test or development", f.execEnv)}
	case f.emulate && f.hostPlatform != "":
		return &usageError{f.name + ": --emulate and --host-platform both say where the build runs: want one of them"}
	}
	return nil
}

// environments are the execution environments, and none for what the variables say.
var environments = []platform.Environment{"", platform.Production, platform.Test, platform.Development}

// parseTargets parses a list of platforms.
func parseTargets(text string) (all []platform.Target, err error) {
	for one := range strings.SplitSeq(text, ",") {
		to, err := targets.Parse(strings.TrimSpace(one))
		if err != nil {
			return nil, &failure.Failure{ID: "unsupported-target", Cause: "reading --platform", Err: err, Remedy: "choose linux/arm64, linux/amd64 or both with a comma between."}
		}
		all = append(all, to)
	}
	return all, nil
}

// parseTarget parses one platform of a flag.
func parseTarget(flag, text string) (platform.Target, error) {
	to, err := targets.Parse(text)
	if err != nil {
		return to, &failure.Failure{ID: "unsupported-target", Cause: "reading " + flag, Err: err, Remedy: "choose linux/arm64 or linux/amd64."}
	}
	return to, nil
}
