//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/diskfull"
	"github.com/armature-cnb/armature/platform/emulation"
	"github.com/armature-cnb/armature/platform/home"
	"github.com/armature-cnb/armature/platform/images"
	"github.com/armature-cnb/armature/platform/sandbox"
)

func doctorCommand(p *program) *cobra.Command {
	var cacheDir string
	c := newCommand("doctor", "says what works on this machine", longHelp("doctor"), 0, func(ctx context.Context, _ []string) error {
		h, err := home.Open(cacheDir, p.getenv)
		if err != nil {
			return err
		}
		return (&doctor{p}).look(ctx, h)
	})
	c.Flags().StringVar(&cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	return c
}

// doctor prints what it finds, a line each.
type doctor struct{ *program }

func (d *doctor) say(works bool, format string, args ...any) {
	sign := "yes"
	if !works {
		sign = "no "
	}
	fmt.Fprintf(d.stdout, "%s  %s\n", sign, fmt.Sprintf(format, args...))
}

func (d *doctor) look(ctx context.Context, h home.Home) error {
	best, err := d.sandboxes(ctx, h)
	err = errors.Join(err, d.space(h))
	d.builder(ctx)
	d.platforms()
	_, missing := exec.LookPath("docker")
	d.say(missing == nil, "docker: only --output docker needs it")
	if err == nil {
		fmt.Fprintf(d.stdout, "\nBuilds are kept apart by a %s.\n", best)
	}
	return err
}

// sandboxes tries every way, and returns the best that works.
func (d *doctor) sandboxes(ctx context.Context, h home.Home) (_ sandbox.Way, err error) {
	work, err := h.NewWork()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	for _, way := range sandbox.Ways() {
		if err := sandbox.Try(ctx, way, work.Dir); err != nil {
			d.say(false, "sandbox %s: %s", way, err)
			continue
		}
		d.say(true, "sandbox %s", way)
	}
	return sandbox.Find(ctx, work.Dir, sandbox.Ways()...)
}

// The space that a builder and the work of a build take, in bytes: up to wanted.
// With less than enough no build is possible, and where a builder is unpacked
// already, with less than some.
const (
	wanted = 3 << 30
	enough = 1 << 30
	some   = 128 << 20
)

// space is an error where no build can find room.
func (d *doctor) space(h home.Home) error {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(h.Dir, &stat); err != nil {
		d.say(false, "%s: %s", h.Dir, err)
		return nil
	}
	free := int64(stat.Bavail) * stat.Bsize
	d.say(free > wanted, "%s has %.1f GB free; a builder and a build take up to %.0f", h.Dir, float64(free)/1e9, float64(wanted)/1e9)
	least := int64(enough)
	if h.HasRoots() {
		least = some
	}
	if free >= least {
		return nil
	}
	return diskfull.Failure(fmt.Sprintf("%d MB are free, and a build takes at least %d", free/1e6, least/1e6), nil, h.Dir, "--cache-dir")
}

func (d *doctor) builder(ctx context.Context) {
	called := d.getenv("ARMATURE_BUILDER")
	if called == "" {
		d.say(false, "builder: ARMATURE_BUILDER is not set, so that build wants --builder")
		return
	}
	host, err := targets.Host()
	if err != nil {
		d.say(false, "builder: %s", err)
		return
	}
	for _, to := range targets.All() {
		image, found, err := images.Registries{}.Builder(ctx, called, host, to)
		if err == nil && images.IsLayout(found) {
			err = readable(image, found)
		}
		var f *failure.Failure
		switch {
		case err == nil:
			d.say(true, "builder for %s: %s", to, found)
		case errors.As(err, &f):
			d.say(false, "builder for %s: %s; to fix it: %s", to, f.Cause, f.Remedy)
		default:
			d.say(false, "builder for %s: %s", to, err)
		}
	}
}

// readable is an error where a layer of a layout cannot be read, by this user
// or by anybody.
func readable(image v1.Image, found string) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err == nil {
			err = content.Close()
		}
		if err != nil {
			return &failure.Failure{ID: "image-unreadable", Cause: "reading the OCI layout " + found + ": " + err.Error(), Remedy: "let everybody read it (chmod -R a+rX), or make it again."}
		}
	}
	return nil
}

func (d *doctor) platforms() {
	host, err := targets.Host()
	if err != nil {
		return
	}
	others := slices.DeleteFunc(targets.All(), func(to targets.Target) bool { return to == host })
	for _, to := range others {
		works := emulation.Works(to)
		text := "armature run of " + to.String() + " images, and armature build --emulate for them"
		if !works {
			text += ": " + emulation.Install(to) + "; building them works without"
		}
		d.say(works, "%s", text)
	}
}
