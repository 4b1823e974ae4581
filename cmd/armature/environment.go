//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

// appFlags are the flags of commands that build an app's image for an execution
// environment other than production, and run its process.
type appFlags struct {
	environment platform.Environment
	process     string // the type of the process
	build       buildFlags
	run         runFlags
	command     string
}

// add adds the flags to a command.
func (f *appFlags) add(c *cobra.Command) {
	set := c.Flags()
	set.StringVar(&f.command, "command", "", fmt.Sprintf("the `COMMAND` to run instead of what the app's files say, which the buildpacks are asked for with BP_START_COMMAND_%s", f.process))
	set.Var(&f.run.env, "env", "a variable for the process, `NAME=VALUE`, or NAME for its value here; several times")
	set.Var(&f.run.envFiles, "env-file", "a `FILE` of such lines; --env goes before it")
	set.Var(&f.build.env, "build-env", "a variable for the buildpacks, as --env of armature build; several times")
	set.StringVar(&f.build.tag, "tag", "", "what the image is called in armature's own folder: `NAME[:TAG]`; after the folder when left out")
	set.StringVar(&f.build.builder, "builder", "", "the builder, as in build")
	set.BoolVar(&f.build.trustAppBuilder, "trust-app-builder", false, "as in build")
	set.Var(&f.build.buildpacks, "buildpack", "a `BUILDPACK`, as in build; several times")
	set.StringVar(&f.build.runImage, "run-image", "", "the run image, an OCI layout's `FOLDER` or a registry reference, as in build")
	set.StringVar(&f.build.descriptor, "descriptor", "", "the project descriptor's `FILE`, as in build")
	set.Var(&f.build.bindings, "binding", "a service binding's `FOLDER` for the build; several times")
	set.BoolVar(&f.build.emulate, "emulate", false, "emulate the build, too, as in build")
	set.BoolVar(&f.build.clearCache, "clear-cache", false, "forget what earlier builds of this app left for "+f.process)
	set.Var(&f.run.port, "port", "the `PORT` to listen on: sets the variable PORT")
	set.Var(&f.run.volumes, "volume", "a folder or file of this machine, `HOST:PATH`, as in run; several times")
	set.Var(&f.run.tmpfses, "tmpfs", "a `PATH` that is an empty folder in memory, as in run; several times")
	set.StringVar(&f.run.network, "network", "host", "`NETWORK` of the process: host or none")
	addLimits(set, &f.run.limits, false)
	set.StringVar(&f.run.cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	set.Var(&f.run.insecure, "insecure-registry", insecureHelp)
	set.StringVar(&f.run.sandbox, "sandbox", "", "what keeps it apart (`WAY`), as in build")
	set.BoolVar(&f.build.quiet, "quiet", false, "say nothing of the build but errors")
	set.StringVar(&f.build.progress, "progress", "auto", "`STYLE` of what is said of the build, as in build")
	choices(c, "network", "host", "none")
	choices(c, "progress", "auto", "terminal", "plain", "json")
}

// withArguments calls do with a command's PATH and what follows --.
func withArguments(p *program, do func(ctx context.Context, p *program, path string, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		path, rest, err := split(c, args)
		if err != nil {
			return err
		}
		return do(c.Context(), p, path, rest)
	}
}

// split returns the app's folder, and the arguments after --.
func split(c *cobra.Command, args []string) (path string, rest []string, err error) {
	paths := args
	if at := c.ArgsLenAtDash(); at >= 0 {
		paths, rest = args[:at], args[at:]
	}
	switch len(paths) {
	case 0:
		return ".", rest, nil
	case 1:
		return paths[0], rest, nil
	}
	return "", nil, badCall(c, fmt.Errorf("got %q, want armature %s", paths, c.Use))
}

// make builds the image, and returns the request to run its process with some
// arguments.
func (f *appFlags) make(ctx context.Context, p *program, path string, args []string) (run platform.RunRequest, err error) {
	r, err := f.buildRequest(p, path)
	if err != nil {
		return run, err
	}
	if run, err = f.run.request(p, r.Image, args); err != nil {
		return run, err
	}
	run.Target, run.Entrypoint, run.Writable = r.Targets[0], f.process, true
	o, err := f.build.outcome(p)
	if err != nil {
		return run, err
	}
	defer o.Close()
	o.out = io.Discard // standard output is the process's
	r.Progress = o
	_, err = platform.Build(ctx, r)
	return run, o.end(err)
}

// buildRequest returns the request to build the image.
func (f *appFlags) buildRequest(p *program, path string) (r platform.Request, err error) {
	f.build.network, f.build.compression, f.build.execEnv = string(platform.HostNetwork), string(platform.Fast), string(f.environment)
	f.build.cacheDir, f.build.insecure, f.build.sandbox, f.build.limits = f.run.cacheDir, f.run.insecure, f.run.sandbox, platform.DefaultLimits()
	if f.build.tag == "" {
		if f.build.tag, err = localName(path, f.process); err != nil {
			return r, err
		}
	}
	if r, err = f.build.request(p, []string{path}); err != nil {
		return r, err
	}
	if len(r.Targets) != 1 {
		return r, &usageError{fmt.Sprintf("%s: --platform is %q, want one platform", f.process, f.build.platform)}
	}
	if strings.TrimSpace(f.command) != "" {
		r.Processes = map[string]string{f.process: f.command}
	}
	return r, nil
}

// notInNames matches what cannot be in the name of an image.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// localName returns a name for the image of an app's folder, in armature's own
// folder: the folder's own name is not enough to tell two apart.
func localName(path, tag string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	sum := sha256.Sum256([]byte(dir))
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-"), "-")
	return strings.TrimPrefix(name+"-"+hex.EncodeToString(sum[:4])+":"+tag, "-"), nil
}
