//go:build linux

package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform"
)

func devCommand(p *program) *cobra.Command {
	f := &appFlags{environment: platform.Development, process: "development"}
	c := newCommand("dev [PATH] [-- ARGUMENT...]", "starts an app for development, and follows changes of its files", longHelp("dev"), -1, nil)
	f.add(c)
	c.Flags().StringVar(&f.build.platform, "platform", "", "where the app runs, as `OS/ARCH`: linux/arm64 or linux/amd64; this machine's when left out")
	choices(c, "platform", "linux/arm64", "linux/amd64")
	c.RunE = withArguments(p, f.develop)
	return c
}

// pause is how often the files are looked at that the image depends on.
const pause = 500 * time.Millisecond

// develop builds the app's image for development and starts it, again and again
// while files change that the image depends on. A build that fails because of such
// a change waits for the next one.
func (f *appFlags) develop(ctx context.Context, p *program, path string, args []string) error {
	if f.build.platform == "" {
		host, err := targets.Host()
		if err != nil {
			return err
		}
		f.build.platform = host.String()
	}
	for first := true; ; first = false {
		files := readManifests(path)
		r, err := f.make(ctx, p, path, args)
		if err != nil && (first || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			p.status(err, false)
			fmt.Fprintln(p.stderr, "armature: waiting for a change of "+files.names())
			if !files.wait(ctx) {
				return ctx.Err()
			}
			continue
		}
		r.App = path
		result, changed, err := files.runUntilChange(ctx, r)
		switch {
		case err != nil:
			return err
		case !changed:
			return result.status()
		}
		fmt.Fprintln(p.stderr, "armature: "+files.changed()+" has changed: building again")
	}
}

// runUntilChange runs an image, and ends it when one of the files changes.
func (m manifests) runUntilChange(ctx context.Context, r platform.RunRequest) (result ended, changed bool, err error) {
	graceful := newGraceful(ctx)
	defer graceful.stop()
	var seen atomic.Bool
	watching, stop := context.WithCancel(graceful.ctx)
	defer stop()
	go func() {
		if m.wait(watching) {
			seen.Store(true)
			graceful.received <- syscall.SIGTERM
		}
	}()
	result, err = graceful.run(r)
	return result, seen.Load(), err
}
