//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform/home"
	"github.com/armature-cnb/armature/platform/images"
	"github.com/armature-cnb/armature/platform/launch"
	"github.com/armature-cnb/armature/platform/sandbox"
)

// runFlags are the flags of run, as they were given.
type runFlags struct {
	platform, cacheDir, entrypoint, sandbox, network string

	port                            port
	env, envFiles, volumes, tmpfses list
	limits                          sandbox.Limits
	insecure                        hosts
}

// port is a flag of a TCP port: a number in decimal digits, or "".
type port string

func (p *port) String() string { return "" }
func (p *port) Type() string   { return "port" }

func (p *port) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return errors.New("want a number from 1 to 65535")
	}
	*p = port(strconv.FormatUint(n, 10))
	return nil
}

func runCommand(p *program) *cobra.Command {
	f := &runFlags{}
	c := newCommand("run IMAGE [-- ARGUMENT...]", "runs an image", longHelp("run"), -1, func(ctx context.Context, args []string) error {
		return f.run(ctx, p, args)
	})
	set := c.Flags()
	set.StringVar(&f.platform, "platform", "", "which of the image's platforms (`OS/ARCH`); the only one, or the host's, when left out")
	set.Var(&f.port, "port", "the `PORT` to listen on: sets the variable PORT")
	set.StringVar(&f.entrypoint, "entrypoint", "", "the `PROCESS` type to run, or a program's path; the image's own when left out")
	set.Var(&f.env, "env", "a variable, `NAME=VALUE`, or NAME for its value here; several times")
	set.Var(&f.envFiles, "env-file", "a `FILE` of such lines; --env goes before it")
	set.Var(&f.volumes, "volume", "a folder or file of this machine and where the image sees it, `HOST:PATH`, or HOST:PATH:ro for reading only; several times")
	set.Var(&f.tmpfses, "tmpfs", "a `PATH` that is an empty folder in memory, for everybody to write to; several times")
	set.StringVar(&f.network, "network", "host", "`NETWORK` of the image: host or none")
	addLimits(set, &f.limits, false)
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	set.Var(&f.insecure, "insecure-registry", insecureHelp)
	set.StringVar(&f.sandbox, "sandbox", "", "what keeps it apart (`WAY`), as in build")
	choices(c, "platform", "linux/arm64", "linux/amd64")
	choices(c, "network", "host", "none")
	return c
}

// exitStatus ends armature as what it ran ended.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func (f *runFlags) run(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		return &usageError{"run: IMAGE is missing"}
	}
	mounts, err := f.mounts()
	if err != nil {
		return err
	}
	if f.network != string(sandbox.Host) && f.network != string(sandbox.None) {
		return &usageError{fmt.Sprintf("run: --network is %q, want host or none", f.network)}
	}
	h, err := home.Open(f.cacheDir, p.getenv)
	if err != nil {
		return err
	}
	image, found, err := findImage(ctx, images.Registries{Insecure: f.insecure}, h, args[0], f.platform)
	if err != nil {
		return err
	}
	options := launch.Options{Image: image, Called: found, Args: args[1:], Entrypoint: f.entrypoint, Home: h, Stdout: p.stdout, Stderr: p.stderr}
	options.Mounts, options.Network, options.Limits = mounts, sandbox.Network(f.network), f.limits
	if options.Env, err = readEnv(f.envFiles, f.env, p.lookup); err != nil {
		return err
	}
	if f.port != "" {
		options.Env["PORT"] = string(f.port)
	}
	if options.Way, err = findWay(ctx, f.sandbox, h); err != nil {
		return err
	}
	ctx, signals, stop, err := graceful(ctx)
	defer stop()
	if err != nil {
		return err
	}
	status, err := launch.Run(ctx, options, signals)
	switch {
	case ctx.Err() != nil:
		return exitStatus(128 + int(syscall.SIGKILL))
	case err != nil:
		return err
	case status.Signal != 0:
		return exitStatus(128 + status.Signal)
	case status.Code != 0:
		return exitStatus(status.Code)
	}
	return nil
}

// mounts are those of --volume and --tmpfs.
func (f *runFlags) mounts() (mounts []launch.Mount, err error) {
	for _, text := range f.volumes {
		m, err := launch.ParseVolume(text)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	for _, text := range f.tmpfses {
		m, err := launch.ParseTmpfs(text)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// grace is how long a process may take to end after it was told to.
const grace = 10 * time.Second

// graceful returns the signals that are to be passed on, and a context that is
// done when the process has not ended after one of them: soon, or at once with
// the second. A signal that came before is an error: nobody else will hear of it.
func graceful(interrupted context.Context) (_ context.Context, _ <-chan syscall.Signal, stop func(), err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(interrupted))
	received, passed := make(chan os.Signal, 2), make(chan syscall.Signal, 2)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	go func() {
		for count := 0; ; count++ {
			select {
			case got := <-received:
				if count > 0 {
					cancel()
					return
				}
				passed <- got.(syscall.Signal)
				time.AfterFunc(grace, cancel)
			case <-ctx.Done():
				return
			}
		}
	}()
	// Only now can none come in between.
	return ctx, passed, func() { signal.Stop(received); cancel() }, interrupted.Err()
}
