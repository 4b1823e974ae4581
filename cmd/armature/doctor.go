//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

func doctorCommand(p *program) *cobra.Command {
	var cacheDir string
	c := newCommand("doctor", "says what works on this machine", longHelp("doctor"), 0, func(ctx context.Context, _ []string) error {
		health, err := platform.Doctor(ctx, platform.DoctorRequest{Home: cacheDir, Getenv: p.getenv})
		for _, check := range health.Checks {
			sign := "yes"
			if !check.Works {
				sign = "no "
			}
			fmt.Fprintf(p.stdout, "%s  %s\n", sign, check.What)
		}
		if err == nil {
			fmt.Fprintf(p.stdout, "\nBuilds are kept apart by a %s.\n", health.Sandbox)
		}
		return err
	})
	c.Flags().StringVar(&cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	return c
}
