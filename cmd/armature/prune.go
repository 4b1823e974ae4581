//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

// pruneFlags are the flags of prune.
type pruneFlags struct {
	cacheDir, olderThan, keepSize string
	all, dry                      bool
}

func pruneCommand(p *program) *cobra.Command {
	f := &pruneFlags{}
	c := newCommand("prune", "removes what is not used any more", longHelp("prune"), 0, func(ctx context.Context, args []string) error {
		return f.run(ctx, p, args)
	})
	set := c.Flags()
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	set.StringVar(&f.olderThan, "older-than", "", "remove what was not used for a `TIME`: 30d, 2w, 12h; 30d when left out")
	set.StringVar(&f.keepSize, "keep-size", "", "leave at most so many `BYTES`: 20GB, 500MB; as every call does when left out")
	set.BoolVar(&f.all, "all", false, "remove everything that nothing uses now, the images too")
	set.BoolVar(&f.dry, "dry-run", false, "only list what would be removed")
	return c
}

func (f *pruneFlags) run(ctx context.Context, p *program, _ []string) error {
	r, err := f.request(p)
	if err != nil {
		return err
	}
	result, err := platform.Prune(ctx, r)
	if err == nil && !result.Found {
		_, err := fmt.Fprintf(p.stdout, "nothing to remove: %s has nothing of armature's\n", plain(result.Home))
		return err
	}
	if !result.Found {
		return err
	}
	done := "removed"
	if f.dry {
		done = "would remove"
	}
	var size int64
	for _, item := range result.Items {
		size += item.Size
		fmt.Fprintf(p.stdout, "%s  %-7s  %9s  unused for %-8s  %s\n", done, item.Kind, megabytes(item.Size), days(time.Since(item.Used)), plain(item.Name))
	}
	fmt.Fprintf(p.stdout, "%s %d, %s\n", done, len(result.Items), megabytes(size))
	return err
}

// request converts the flags to a request.
func (f *pruneFlags) request(p *program) (platform.PruneRequest, error) {
	r := platform.PruneRequest{All: f.all, DryRun: f.dry, Home: f.cacheDir, Getenv: p.getenv}
	if f.all && (f.olderThan != "" || f.keepSize != "") {
		return r, &usageError{"prune: --all removes everything: want neither --older-than nor --keep-size with it"}
	}
	if f.olderThan != "" {
		age, err := platform.ParseAge(f.olderThan)
		if err != nil {
			return r, &usageError{"prune: --older-than: " + err.Error()}
		}
		r.OlderThan = &age
	}
	if f.keepSize != "" {
		size, err := platform.ParseSize(f.keepSize)
		if err != nil {
			return r, &usageError{"prune: --keep-size: " + err.Error()}
		}
		r.KeepSize = &size
	}
	return r, nil
}

// days formats a duration in the largest unit that has more than one.
func days(age time.Duration) string {
	switch {
	case age < 2*time.Hour:
		return fmt.Sprintf("%.0f min", max(0, age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%.0f h", age.Hours())
	}
	return fmt.Sprintf("%.0f d", age.Hours()/24)
}
