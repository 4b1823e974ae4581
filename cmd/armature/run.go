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

	"github.com/armature-cnb/armature/platform"
)

// runFlags are the flags of run.
type runFlags struct {
	platform, cacheDir, entrypoint, sandbox, network string

	port                            port
	env, envFiles, volumes, tmpfses list
	limits                          platform.Limits
	insecure                        hosts
}

// port is a flag for a TCP port: a decimal number, or "".
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

// exitStatus ends armature with the status of the image's process.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func (f *runFlags) run(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		return &usageError{"run: IMAGE is missing"}
	}
	r, err := f.request(p, args[0], args[1:])
	if err != nil {
		return err
	}
	graceful := newGraceful(ctx)
	defer graceful.stop()
	result, err := graceful.run(r)
	if err != nil {
		return err
	}
	return result.status()
}

// request converts the flags to a request to run an image.
func (f *runFlags) request(p *program, image string, args []string) (r platform.RunRequest, err error) {
	if f.network != string(platform.HostNetwork) && f.network != string(platform.NoNetwork) {
		return r, &usageError{fmt.Sprintf("run: --network is %q, want host or none", f.network)}
	}
	r = platform.RunRequest{
		Image: image, Args: args, Entrypoint: f.entrypoint, Volumes: f.volumes, Tmpfs: f.tmpfses, Network: platform.Network(f.network), Limits: f.limits,
		Stdout: p.stdout, Stderr: p.stderr, Home: f.cacheDir, Sandbox: platform.Way(f.sandbox), Registries: platform.Registries{Insecure: f.insecure}, Getenv: p.getenv,
	}
	if f.platform != "" {
		if r.Target, err = parseTarget("--platform", f.platform); err != nil {
			return r, err
		}
	}
	if r.Env, err = readEnv(f.envFiles, f.env, p.lookup); err != nil {
		return r, err
	}
	if f.port != "" {
		r.Env["PORT"] = string(f.port)
	}
	return r, nil
}

// ended is how an image's process ended, or was ended.
type ended struct {
	platform.RunResult
	killed bool // by armature
}

// status returns the process's exit status as an error, as shells have it: 128 and
// the signal for one that a signal ended. It is nil for 0.
func (e ended) status() error {
	switch {
	case e.killed:
		return exitStatus(128 + int(syscall.SIGKILL))
	case e.Signal != 0:
		return exitStatus(128 + e.Signal)
	case e.Code != 0:
		return exitStatus(e.Code)
	}
	return nil
}

// run runs an image, passes signals on to it, and waits for its end.
func (g *graceful) run(r platform.RunRequest) (ended, error) {
	r.Signals, r.Started = g.passed, g.start
	result, err := platform.Run(g.ctx, r)
	if g.killed() {
		return ended{result, true}, nil
	}
	return ended{RunResult: result}, err
}

// grace is how long a process may take to end after a signal.
const grace = 10 * time.Second

// graceful lets signals cancel a call until its image starts. From then on the
// image gets them; it is killed if it has not ended after grace, or at once on the
// second signal.
type graceful struct {
	ctx      context.Context // of the call
	cancel   func()
	detach   func() bool // detaches ctx from the interruption; false if that has already cancelled it
	received chan os.Signal
	passed   chan syscall.Signal
	started  bool
}

// newGraceful cancels its ctx when interrupted is done.
func newGraceful(interrupted context.Context) *graceful {
	g := &graceful{received: make(chan os.Signal, 2), passed: make(chan syscall.Signal, 2)}
	g.ctx, g.cancel = context.WithCancel(context.WithoutCancel(interrupted))
	g.detach = context.AfterFunc(interrupted, g.cancel)
	return g
}

// start lets signals go to the image. An earlier one has cancelled ctx.
func (g *graceful) start() {
	signal.Notify(g.received, os.Interrupt, syscall.SIGTERM)
	if g.started = g.detach(); !g.started { // no signal can come in between
		g.cancel()
		return
	}
	go func() {
		for count := 0; ; count++ {
			select {
			case got := <-g.received:
				if count > 0 {
					g.cancel()
					return
				}
				g.passed <- got.(syscall.Signal)
				time.AfterFunc(grace, g.cancel)
			case <-g.ctx.Done():
				return
			}
		}
	}()
}

// killed reports whether armature killed the image.
func (g *graceful) killed() bool { return g.started && g.ctx.Err() != nil }

func (g *graceful) stop() {
	signal.Stop(g.received)
	g.cancel()
}
