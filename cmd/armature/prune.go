//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform/home"
)

// pruneFlags are the flags of prune, as they were given.
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
	limits, err := f.limits(p.getenv)
	if err != nil {
		return err
	}
	h, found, err := home.OpenExisting(f.cacheDir, p.getenv)
	if err != nil {
		return err
	}
	if !found {
		_, err := fmt.Fprintf(p.stdout, "nothing to remove: %s has nothing of armature's\n", plain(h.Dir))
		return err
	}
	done := "removed"
	if f.dry {
		done = "would remove"
	}
	gone, err := h.Prune(ctx, limits)
	var size int64
	for _, item := range gone {
		size += item.Size
		fmt.Fprintf(p.stdout, "%s  %-5s  %9s  unused for %-8s  %s\n", done, item.Kind, megabytes(item.Size), days(time.Since(item.Used)), plain(item.Name))
	}
	fmt.Fprintf(p.stdout, "%s %d, %s\n", done, len(gone), megabytes(size))
	if err != nil || f.dry {
		return err
	}
	return h.Empty(ctx)
}

// limits are those that the flags say, or else those of every call.
func (f *pruneFlags) limits(getenv func(string) string) (home.Limits, error) {
	limits, err := home.Automatic(getenv)
	if err != nil {
		return limits, err
	}
	limits.Spare, limits.Dry = 0, f.dry
	if f.all {
		if f.olderThan != "" || f.keepSize != "" {
			return limits, &usageError{"prune: --all removes everything: want neither --older-than nor --keep-size with it"}
		}
		limits.Age, limits.Size = -1, math.MaxInt64
		return limits, nil
	}
	if f.olderThan != "" {
		if limits.Age, err = home.ParseAge(f.olderThan); err != nil {
			return limits, &usageError{"prune: --older-than: " + err.Error()}
		}
	}
	if f.keepSize != "" {
		if limits.Size, err = home.ParseSize(f.keepSize); err != nil {
			return limits, &usageError{"prune: --keep-size: " + err.Error()}
		}
	}
	return limits, nil
}

// days says a time in the unit that it has several of.
func days(age time.Duration) string {
	switch {
	case age < 2*time.Hour:
		return fmt.Sprintf("%.0f min", max(0, age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%.0f h", age.Hours())
	}
	return fmt.Sprintf("%.0f d", age.Hours()/24)
}
