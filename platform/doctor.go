//go:build linux

package platform

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// DoctorRequest says which folder of armature and environment to check.
type DoctorRequest struct {
	Home   string              // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Getenv func(string) string // looks up an environment variable; nil has none
}

// Health is what works on this machine.
type Health struct {
	Checks  []Check
	Sandbox Way // the one that builds use; "" when none works
}

// Check is the result of one check: whether it works, and one line of text.
type Check struct {
	Works bool
	What  string
}

// Doctor checks what builds need. If no build is possible, the error says why; the
// result is valid even then.
func Doctor(ctx context.Context, r DoctorRequest) (_ Health, err error) {
	defer explain(&err)
	h, err := home.Open(r.Home, environment(r.Getenv))
	if err != nil {
		return Health{}, err
	}
	defer h.Finish()
	d := &doctor{}
	way, err := d.sandboxes(ctx, h)
	d.Sandbox = Way(way)
	err = errors.Join(err, d.space(h))
	d.builder(ctx, environment(r.Getenv)(builderVariable))
	d.platforms()
	_, missing := exec.LookPath("docker")
	d.say(missing == nil, "docker: only --output docker needs it")
	return d.Health, err
}

// doctor collects the results.
type doctor struct{ Health }

func (d *doctor) say(works bool, format string, args ...any) {
	d.Checks = append(d.Checks, Check{works, fmt.Sprintf(format, args...)})
}

// sandboxes tries every sandbox, and returns the best that works.
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

// Free space in bytes: a builder and a build use up to wanted. Below enough no
// build is possible; if a builder is already unpacked, below some.
const (
	wanted = 3 << 30
	enough = 1 << 30
	some   = 128 << 20
)

// space returns an error if there is too little free space for any build.
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

func (d *doctor) builder(ctx context.Context, called string) {
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

// readable returns an error if a layer of a layout cannot be read.
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
