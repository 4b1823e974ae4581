//go:build linux

package main

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/descriptor"
	"github.com/armature-cnb/armature/platform/home"
	"github.com/armature-cnb/armature/platform/images"
	"github.com/armature-cnb/armature/platform/order"
	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/sandbox"
)

// options reads the flags, for an app's folder or, when there is none, "".
func (f *buildFlags) options(p *program, app string) (phases.Options, error) {
	o := phases.Options{
		App: app, Builder: f.builder, RunImage: f.runImage, Bindings: f.bindings, ClearCache: f.clearCache,
		SBOMDir: f.sbomDir, Network: sandbox.Network(f.network), Limits: f.limits, Getenv: p.getenv,
	}
	if o.Network != sandbox.Host && o.Network != sandbox.None {
		return o, &usageError{fmt.Sprintf("build: --network is %q, want host or none", f.network)}
	}
	switch f.compression {
	case "", "fast": // a rebase compresses nothing
	case "small":
		o.Small = true
	default:
		return o, &usageError{fmt.Sprintf("build: --compression is %q, want fast or small", f.compression)}
	}
	project, err := f.readDescriptor(o.App)
	if err != nil {
		return o, err
	}
	o.Filter = project.Filter
	o.Buildpacks = project.Buildpacks
	if len(f.buildpacks) > 0 {
		o.Buildpacks = namedBuildpacks(f.buildpacks)
	}
	o.Registries = images.Registries{Insecure: f.insecure, Offline: o.Network == sandbox.None}
	if o.Log, err = f.log(p); err != nil {
		return o, err
	}
	if err := f.chooseBuilder(&o, project, p.getenv("ARMATURE_BUILDER")); err != nil {
		return o, err
	}
	if o.Created, err = f.created(p.lookup, time.Now()); err != nil {
		return o, err
	}
	for _, key := range project.Ignored {
		o.Log.Note("the project descriptor's key " + key + " means nothing here")
	}
	if o.Host, err = f.host(); err != nil {
		return o, err
	}
	given, err := readEnv(f.envFiles, f.env, p.lookup.orEmpty)
	if err != nil {
		return o, err
	}
	o.Env = map[string]string{}
	maps.Copy(o.Env, project.Env)
	maps.Copy(o.Env, given)
	if o.Labels, f.allAnnotations, err = f.readLabels(app); err != nil {
		return o, err
	}
	if len(o.Labels) > 0 {
		o.Env[labelsVariable] = inVariable(o.Env[labelsVariable], o.Labels)
	}
	o.Home, err = home.Open(f.cacheDir, p.getenv)
	return o, err
}

// host is the platform that --host-platform names, or this machine's.
func (f *buildFlags) host() (targets.Target, error) {
	switch {
	case f.hostPlatform == "":
		return targets.Host()
	case f.emulate:
		return targets.Target{}, &usageError{"build: --emulate and --host-platform both say where the build runs: want one of them"}
	}
	host, err := targets.Parse(f.hostPlatform)
	if err != nil {
		return host, &failure.Failure{ID: "unsupported-target", Cause: "reading --host-platform", Err: err, Remedy: "choose linux/arm64 or linux/amd64."}
	}
	return host, nil
}

func (f *buildFlags) readDescriptor(app string) (*descriptor.Descriptor, error) {
	if f.descriptor != "" {
		return descriptor.Read(f.descriptor)
	}
	return descriptor.Find(app)
}

// namedBuildpacks are those of flags, which go before the descriptor's. As with
// pack, one flag may name several.
func namedBuildpacks(flags []string) order.Request {
	var request order.Request
	for _, text := range flags {
		for one := range strings.SplitSeq(text, ",") {
			request.Buildpacks = append(request.Buildpacks, order.Locator{Name: strings.TrimSpace(one)})
		}
	}
	return request
}

func parseTag(text string) (name.Tag, error) {
	if text == "" {
		return name.Tag{}, &usageError{"build: --tag is missing: it says what the image is called"}
	}
	tag, err := images.ParseTag(text)
	if err != nil {
		return name.Tag{}, images.Misnamed(text, &failure.Failure{ID: "image-name", Cause: fmt.Sprintf("%q cannot be an image's name", text), Err: err, Remedy: "use at least two lower-case letters or digits, with . _ - and / between them, and a tag after a colon: team/my-app:1.0."})
	}
	return tag, nil
}
