//go:build linux

package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// job is the common part of a build and a rebase: an image with a name and an
// output.
type job struct {
	log  *progress.Log
	home home.Home
	name name.Tag
	to   destination.Output
}

// whole makes an image, reports it, and only then releases what the work needed: a
// failed release does not spoil the image.
func (j *job) whole(do func() (release func() error, err error), written *Written) error {
	release, err := do()
	j.log.Close()
	if err != nil {
		return errors.Join(err, release())
	}
	j.log.Image(written.Reference)
	if err := release(); err != nil {
		j.log.Note("the image is good, but something of the build stays until a later call can remove it: " + err.Error())
	}
	return nil
}

// finish runs the builds and writes their image. Created is the creation time of a
// rebased image.
func (j *job) finish(ctx context.Context, builds []*phases.Build, created string) (w Written, err error) {
	made, err := phases.RunAll(ctx, builds)
	if err != nil {
		return w, err
	}
	for i, b := range builds {
		if b.Rebase == nil {
			continue
		}
		if made[i], err = keepMetadata(made[i], b.Rebase, created); err != nil {
			return w, err
		}
	}
	w.Name = j.name.Name()
	err = j.log.Step("writing the image", func() error {
		w.Reference, err = j.to.Write(ctx, j.home, j.name, made)
		return err
	})
	if err != nil {
		return w, err
	}
	w.Digest = digestIn(w.Reference)
	for i, b := range builds {
		one, err := describe(b, made[i])
		if err != nil {
			return w, err
		}
		w.Images = append(w.Images, one)
	}
	return w, nil
}

func checkNetwork(n Network) error {
	if n != "" && n != HostNetwork && n != NoNetwork {
		return fmt.Errorf("the request's Network is %q, want %q or %q", n, HostNetwork, NoNetwork)
	}
	return nil
}

func closeAll(builds []*phases.Build) error {
	var failed []error
	for _, b := range builds {
		failed = append(failed, b.Close())
	}
	return errors.Join(failed...)
}

// findWay returns the requested sandbox, if it works, or the best.
func findWay(ctx context.Context, asked Way, h home.Home) (_ sandbox.Way, err error) {
	work, err := h.NewWork()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	ways := sandbox.Ways()
	if asked == "" {
		return sandbox.Find(ctx, work.Dir, ways...)
	}
	if !slices.Contains(ways, sandbox.Way(asked)) {
		return "", &failure.Failure{ID: "no-sandbox", Cause: fmt.Sprintf("there is no sandbox %q for this user", asked), Remedy: fmt.Sprintf("choose one of %s, or leave --sandbox out.", ways)}
	}
	way, err := sandbox.Find(ctx, work.Dir, sandbox.Way(asked))
	var refused *failure.Failure
	if errors.As(err, &refused) && len(ways) > 1 {
		refused.Remedy = "leave --sandbox out, or " + refused.Remedy
	}
	return way, err
}
