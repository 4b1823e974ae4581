//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/target"
	"github.com/armature-cnb/armature/tools/armature/internal/build"
	"github.com/armature-cnb/armature/tools/armature/internal/buildpacks"
	"github.com/armature-cnb/armature/tools/armature/internal/descriptor"
	"github.com/armature-cnb/armature/tools/armature/internal/home"
	"github.com/armature-cnb/armature/tools/armature/internal/images"
	"github.com/armature-cnb/armature/tools/armature/internal/sandbox"
)

// options reads the flags, for an app's folder or, when there is none, "".
func (f *buildFlags) options(p *program, app string) (build.Options, error) {
	o := build.Options{
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
	for _, other := range []string{project.Builder, p.getenv("ARMATURE_BUILDER")} {
		if o.Builder == "" {
			o.Builder = other
		}
	}
	if o.Builder == "" {
		return o, &failure.Failure{ID: "no-builder", Cause: "neither --builder nor ARMATURE_BUILDER names a builder", Remedy: "name one: build/builder/VERSION of a checkout after make builder, or a registry's."}
	}
	if o.Log, err = f.log(p); err != nil {
		return o, err
	}
	for _, key := range project.Ignored {
		o.Log.Note("the project descriptor's key " + key + " means nothing here")
	}
	if o.Host, err = f.host(); err != nil {
		return o, err
	}
	given, err := readEnv(f.envFiles, f.env, p.getenv)
	if err != nil {
		return o, err
	}
	o.Env = map[string]string{}
	maps.Copy(o.Env, project.Env)
	maps.Copy(o.Env, given)
	o.Home, err = home.Open(f.cacheDir, p.getenv)
	return o, err
}

// host is the platform that --host-platform names, or this machine's.
func (f *buildFlags) host() (target.Target, error) {
	switch {
	case f.hostPlatform == "":
		return target.Host()
	case f.emulate:
		return target.Target{}, &usageError{"build: --emulate and --host-platform both say where the build runs: want one of them"}
	}
	host, err := target.Parse(f.hostPlatform)
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
func namedBuildpacks(flags []string) buildpacks.Wish {
	var wish buildpacks.Wish
	for _, text := range flags {
		for one := range strings.SplitSeq(text, ",") {
			wish.Buildpacks = append(wish.Buildpacks, buildpacks.Locator{Name: strings.TrimSpace(one)})
		}
	}
	return wish
}

// readEnv reads variables as pack does: of files first, then of flags; a name
// alone takes its value from here. What cannot be a name is not repeated: it may
// be the second line of a secret.
func readEnv(files, flags []string, getenv func(string) string) (map[string]string, error) {
	env := map[string]string{}
	set := func(item, where string) error {
		name, value, found := strings.Cut(item, "=")
		if !found {
			value = getenv(name)
		}
		if !build.IsEnvName(name) || strings.ContainsRune(value, 0) {
			return &failure.Failure{ID: "env-name", Cause: where + " is no variable", Remedy: "give NAME=VALUE on one line, or NAME for its value here, the name made of letters, digits and _."}
		}
		env[name] = value
		return nil
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &failure.Failure{ID: "env-file-unreadable", Cause: "reading --env-file", Err: err, Remedy: "name a file with a line NAME=VALUE for every variable."}
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if err := set(line, fmt.Sprintf("line %d of %s", number, path)); err != nil {
				return nil, err
			}
		}
	}
	for at, item := range flags {
		if err := set(item, fmt.Sprintf("--env number %d", at+1)); err != nil {
			return nil, err
		}
	}
	return env, nil
}

func parseTag(text string) (name.Tag, error) {
	if text == "" {
		return name.Tag{}, &usageError{"build: --tag is missing: it says what the image is called"}
	}
	tag, err := name.NewTag(text)
	if err == nil && slices.ContainsFunc(strings.Split(tag.Context().Name(), "/"), func(part string) bool { return part == "." || part == ".." }) {
		err = errors.New("a part of it is a folder's . or ..")
	}
	if err != nil {
		return name.Tag{}, images.Misnamed(text, &failure.Failure{ID: "image-name", Cause: fmt.Sprintf("%q cannot be an image's name", text), Err: err, Remedy: "use lower-case letters, digits, . _ - and /, and a tag after a colon: team/my-app:1.0."})
	}
	return tag, nil
}
