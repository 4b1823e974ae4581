//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

func initCommand(p *program) *cobra.Command {
	f := newPlanFlags("init")
	force := false
	c := newCommand("init [PATH]", "writes a project.toml that says what plan says", longHelp("init"), 1, func(ctx context.Context, args []string) error {
		return f.write(ctx, p, args, force)
	})
	f.addInputs(c)
	f.addPlatform(c)
	c.Flags().BoolVar(&force, "force", false, "replace the app's project.toml")
	return c
}

func (f *planFlags) write(ctx context.Context, p *program, args []string, force bool) error {
	app := "."
	if len(args) > 0 {
		app = args[0]
	}
	if !force { // before the work
		if err := platform.MayInit(app); err != nil {
			return err
		}
	}
	plan, err := f.ask(ctx, p, args)
	if err != nil {
		return err
	}
	if err := plan.Asked(); err != nil {
		return err
	}
	path, err := plan.Init(force)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, path)
	return err
}
