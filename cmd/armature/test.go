//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

func testCommand(p *program) *cobra.Command {
	f := &appFlags{environment: platform.Test, process: "test"}
	c := newCommand("test [PATH] [-- ARGUMENT...]", "runs an app's tests in its image", longHelp("test"), -1, nil)
	f.add(c)
	c.Flags().StringVar(&f.build.platform, "platform", "linux/arm64", "where the tests run, as `OS/ARCH`: linux/arm64 or linux/amd64; emulated where this machine is another")
	choices(c, "platform", "linux/arm64", "linux/amd64")
	c.RunE = withArguments(p, f.test)
	return c
}

// test builds the app's image for tests, and runs these.
func (f *appFlags) test(ctx context.Context, p *program, path string, args []string) error {
	r, err := f.make(ctx, p, path, args)
	if err != nil {
		return err
	}
	graceful := newGraceful(ctx)
	defer graceful.stop()
	result, err := graceful.run(r)
	if err != nil {
		return err
	}
	status := result.status()
	if status != nil {
		fmt.Fprintf(p.stderr, "armature: the tests ended with %s on %s\n", result.how(), f.build.platform)
	}
	return status
}

// how says how the process ended, for a person.
func (e ended) how() string {
	switch {
	case e.killed:
		return "signal 9, from armature"
	case e.Signal != 0:
		return fmt.Sprintf("signal %d", e.Signal)
	}
	return fmt.Sprintf("status %d", e.Code)
}
